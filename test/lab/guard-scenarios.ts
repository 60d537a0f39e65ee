// What an unmodified Xen does with payloads that carry old code, as scenarios that are played on real
// hypervisors and on the model of each (guard.test.ts): every right and wrong order, and each way in
// which the code can be other than expected. Each scenario leaves the host as it found it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../../src/host/errors.ts";
import type { Action, ActOptions, LivepatchHost } from "../../src/host/host.ts";
import { settledState } from "../../src/host/settled-state.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { type ProbeResult, probeHost } from "../../src/probe/probe.ts";
import { describeDifference } from "../../src/probe/words.ts";
import type { XenSyms } from "../../src/running/xen-syms.ts";
import { Errno } from "../../src/xen-abi/errno.ts";
import { runXsplice } from "../run-cli.ts";
import { deepOffset, idle, makeGuarded, makeNop, withOtherMarker } from "./guard-payloads.ts";
import { actOptions } from "./host-under-test.ts";

export interface GuardBench {
  readonly host: LivepatchHost;
  readonly xen: XenSyms;
  /** Of the functions of `idle`. */
  hashText(): Promise<string>;
  close(): Promise<void>;
}

const call = { deadlineMs: 60_000 };
const independent: ActOptions = { ...actOptions, dependencyCheck: "hypervisor-only" };
const { f, g, h } = idle;

export function defineGuardScenarios(open: () => GuardBench): void {
  const scenario = (title: string, body: (bench: GuardBench) => Promise<void>) =>
    test(title, async () => {
      const bench = open();
      const before = await bench.hashText();
      try {
        await body(bench);
      } finally {
        await clean(bench.host);
      }
      assert.equal(await bench.hashText(), before, "the host's code is as it was");
    });
  scenario("lets a payload in whose old code is there, again and again", appliesAndReverts);
  scenario("refuses one wrong byte deep in a function, and changes nothing", refusesWrongByte);
  scenario("notices one byte that another payload changed, where an entry guard does not", seesNop);
  scenario("takes independent payloads in any order, unless they overlap", anyOrder);
  scenario("tolerates a replaced function that is merely relied on", relies);
  scenario("goes on top of a known payload, and nowhere else", stacksOn);
  scenario("asks whether another payload, with just this content, is applied now", markers);
  scenario("notices before a replace what the replace would stumble over", probesReplace);
  scenario("says in words what differs, and who changed it", words);
  scenario("leaves nothing behind when it is stopped", stops);
}

/** Only the payload on top can be reverted, and a list does not tell which one that is. */
async function clean(host: LivepatchHost): Promise<void> {
  for (
    let payloads = await host.list(call);
    payloads.length > 0;
    payloads = await host.list(call)
  ) {
    const applied = payloads.filter(({ status }) => settledState(status) === "applied");
    const reverts = applied.map(
      ({ name }) =>
        () =>
          host.act("revert", name, actOptions),
    );
    const unloads = payloads.map(
      ({ name }) =>
        () =>
          host.act("unload", name, actOptions),
    );
    for (const step of applied.length > 0 ? reverts : unloads) {
      await step().catch((error) => assert.ok(error instanceof HostError, String(error)));
    }
  }
}

async function upload({ host }: GuardBench, name: string, bytes: Uint8Array): Promise<void> {
  await host.upload(name, bytes, call);
}

async function apply({ host }: GuardBench, name: string, options = actOptions): Promise<void> {
  assert.equal((await host.act("apply", name, options)).result, "done");
}

async function act({ host }: GuardBench, name: string, ...actions: Action[]): Promise<void> {
  for (const action of actions) {
    assert.equal((await host.act(action, name, actOptions)).result, "done", `${action} ${name}`);
  }
}

/** Refused for its old code: at once, and with the host as it was. */
async function isRefused(bench: GuardBench, name: string, place: RegExp): Promise<void> {
  const { host } = bench;
  const before = await bench.hashText();
  await assert.rejects(host.act("apply", name, independent), (error) => {
    assert.ok(error instanceof HostError, String(error));
    assert.equal(error.errno, Errno.EINVAL);
    assert.match(error.unexpectedCode?.place ?? "", place);
    return true;
  });
  assert.deepEqual(await host.status(name, call), { kind: "checked" });
  assert.equal(await bench.hashText(), before);
}

function probe(
  { host }: GuardBench,
  bytes: Uint8Array,
  purpose: "apply" | "replace" = "apply",
): Promise<ProbeResult> {
  return probeHost(host, { payload: parsePayload(bytes, "probed"), purpose }, actOptions);
}

async function appliesAndReverts(bench: GuardBench): Promise<void> {
  const { bytes } = makeGuarded(bench.xen, { number: 1, replaces: [f, g], relies: [h] });
  assert.equal((await probe(bench, bytes)).kind, "as-expected");
  assert.deepEqual(await bench.host.list(call), []);
  const before = await bench.hashText();
  await upload(bench, "right", bytes);
  for (let round = 0; round < 2; round++) {
    await act(bench, "right", "apply");
    assert.notEqual(await bench.hashText(), before);
    await act(bench, "right", "revert");
    assert.equal(await bench.hashText(), before);
  }
}

async function refusesWrongByte(bench: GuardBench): Promise<void> {
  const offset = deepOffset(bench.xen, g);
  const wrong = { name: g, offset };
  const { bytes } = makeGuarded(bench.xen, { number: 2, replaces: [f, g], wrong });
  await upload(bench, "wrong", bytes);
  await isRefused(bench, "wrong", /do_kexec_op_internal\+\d+$/);
  const result = await probe(bench, bytes);
  assert.ok(result.kind === "different");
  assert.deepEqual(
    result.differences.map((one) => [one.functionName, one.offset, one.suspects]),
    [[g, offset, []]],
  );
}

async function seesNop(bench: GuardBench): Promise<void> {
  const offset = deepOffset(bench.xen, f);
  await upload(bench, "nop", makeNop(bench.xen, f, offset));
  await upload(bench, "full", makeGuarded(bench.xen, { number: 3, replaces: [f] }).bytes);
  const entry = makeGuarded(bench.xen, { number: 4, replaces: [f], guard: "entry" });
  await upload(bench, "entry", entry.bytes);
  await apply(bench, "nop");
  await isRefused(bench, "full", /dump_domains\+\d+$/);
  await apply(bench, "entry", independent);
}

async function anyOrder(bench: GuardBench): Promise<void> {
  const [one, two] = [f, g].map((name, index) =>
    makeGuarded(bench.xen, { number: 10 + index, replaces: [name] }),
  );
  const both = makeGuarded(bench.xen, { number: 12, replaces: [g, h] });
  assert.ok(one && two);
  for (const [name, { bytes }] of Object.entries({ one, two, both })) {
    await upload(bench, name, bytes);
  }
  for (const [first, second] of [
    ["one", "two"],
    ["two", "one"],
  ] as const) {
    await apply(bench, first);
    await assert.rejects(bench.host.act("apply", second, actOptions), /depends on something else/);
    await apply(bench, second, independent);
    await isRefused(bench, "both", /do_kexec_op_internal\+\d$/);
    await act(bench, second, "revert");
    await act(bench, first, "revert");
  }
  await apply(bench, "both");
  await apply(bench, "one", independent);
  await isRefused(bench, "two", /do_kexec_op_internal\+\d$/);
}

async function relies(bench: GuardBench): Promise<void> {
  await upload(bench, "g", makeGuarded(bench.xen, { number: 20, replaces: [g] }).bytes);
  const relying = makeGuarded(bench.xen, { number: 21, replaces: [f], relies: [g] });
  await upload(bench, "relying", relying.bytes);
  await apply(bench, "g");
  await apply(bench, "relying", independent);
  await act(bench, "relying", "revert");
  await act(bench, "g", "revert", "unload");
  await upload(bench, "nop", makeNop(bench.xen, g, deepOffset(bench.xen, g)));
  await apply(bench, "nop");
  await isRefused(bench, "relying", /do_kexec_op_internal\+\d+$/);
}

async function stacksOn(bench: GuardBench): Promise<void> {
  const base = makeGuarded(bench.xen, { number: 30, replaces: [f] });
  const wish = { number: 31, replaces: [f], below: [f], depends: base, mode: "stack" } as const;
  await upload(bench, "top", makeGuarded(bench.xen, wish).bytes);
  await isRefused(bench, "top", /dump_domains\+\d$/);
  await upload(bench, "base", base.bytes);
  await apply(bench, "base");
  await apply(bench, "top");
  await assert.rejects(bench.host.act("revert", "base", actOptions));
}

async function markers(bench: GuardBench): Promise<void> {
  const { host, xen } = bench;
  const base = makeGuarded(xen, { number: 40, replaces: [f] });
  const wish = { number: 41, replaces: [f], below: [f], requires: [base] } as const;
  const { bytes } = makeGuarded(xen, wish);
  await assert.rejects(host.upload("top", bytes, call), (error) => {
    return error instanceof HostError && error.errno === Errno.ENOENT;
  });
  await upload(bench, "base", base.bytes);
  await upload(bench, "top", bytes);
  await isRefused(bench, "top", /^payload [0-9a-f]{40}, applied$/);
  const idleProbe = await probe(bench, bytes);
  assert.ok(idleProbe.kind === "different");
  const [first] = idleProbe.differences.flatMap((one) => describeDifference(one, "x86_64"));
  assert.match(first ?? "", /is loaded and not applied/);
  await apply(bench, "base");
  assert.equal((await probe(bench, bytes)).kind, "as-expected");
  await apply(bench, "top", independent);
  await act(bench, "top", "revert");
  await act(bench, "base", "revert");
  await isRefused(bench, "top", /applied$/);
  await act(bench, "top", "unload");
  await act(bench, "base", "unload");
  await upload(bench, "other", withOtherMarker(base));
  await apply(bench, "other");
  await upload(bench, "top", bytes);
  await isRefused(bench, "top", /applied$/);
  await assert.rejects(probe(bench, bytes, "replace"), /Xen reverts it first/);
}

async function probesReplace(bench: GuardBench): Promise<void> {
  const { host, xen } = bench;
  await upload(bench, "former", makeGuarded(xen, { number: 50, replaces: [f] }).bytes);
  await apply(bench, "former");
  const right = makeGuarded(xen, { number: 51, replaces: [f, g], mode: "cumulative" });
  const wrong = makeGuarded(xen, {
    number: 52,
    replaces: [f, g],
    mode: "cumulative",
    wrong: { name: f, offset: deepOffset(xen, f) },
  });
  const applied = await bench.hashText();
  assert.equal((await probe(bench, right.bytes, "replace")).kind, "as-expected");
  assert.equal((await probe(bench, right.bytes)).kind, "different");
  assert.equal((await probe(bench, wrong.bytes, "replace")).kind, "different");
  assert.equal(await bench.hashText(), applied);
  // What the probe spares the host: everything is reverted, and nothing takes its place.
  await upload(bench, "wrong", wrong.bytes);
  await assert.rejects(host.act("replace", "wrong", actOptions), /WITHOUT/);
  assert.deepEqual(await host.status("former", call), { kind: "checked" });
  await apply(bench, "former");
  await upload(bench, "right", right.bytes);
  const outcome = await host.act("replace", "right", actOptions);
  assert.deepEqual(outcome.reverted, ["former"]);
}

async function words(bench: GuardBench): Promise<void> {
  const { host, xen } = bench;
  await upload(bench, "culprit", makeGuarded(xen, { number: 60, replaces: [g] }).bytes);
  const { bytes } = makeGuarded(xen, { number: 61, replaces: [f, g] });
  await upload(bench, "victim", bytes);
  await apply(bench, "culprit");
  const applied = await runXsplice(["apply", "--nodeps", "victim"], { host: unclosed(host) });
  assert.equal(applied.exitCode, 1);
  const expected =
    /do_kexec_op_internal\+0x\d is not what.*\n.*expected:\n.*\n(?:.*\n)*.*found:\n.* jmp /;
  assert.match(applied.stderr, expected);
  assert.match(applied.stderr, /most likely changed by payload "culprit"/);
  assert.match(applied.stderr, /remedy: +revert "culprit" first/);
  const result = await probe(bench, bytes);
  assert.ok(result.kind === "different" && result.complete);
  const suspects = result.differences.flatMap((one) => one.suspects);
  assert.deepEqual(suspects, [{ payload: "culprit", because: "replaces-it" }]);
}

/** The signal comes while the probe is applied, the worst moment. */
async function stops(bench: GuardBench): Promise<void> {
  const { bytes } = makeGuarded(bench.xen, { number: 70, replaces: [f] });
  const controller = new AbortController();
  const host = unclosed(bench.host);
  host.act = async (action, name, options) => {
    const outcome = await bench.host.act(action, name, options);
    if (action === "apply") controller.abort(new Error("stopped"));
    if (action === "apply") controller.signal.throwIfAborted();
    return outcome;
  };
  const payload = parsePayload(bytes, "probed");
  const options = { ...actOptions, signal: controller.signal };
  await assert.rejects(probeHost(host, { payload, purpose: "apply" }, options), /stopped/);
  assert.deepEqual(await bench.host.list(call), []);
}

/** For commands, which close their host. */
function unclosed(host: LivepatchHost): LivepatchHost {
  return {
    label: host.label,
    capabilities: host.capabilities,
    info: (options) => host.info(options),
    list: (options) => host.list(options),
    status: (name, options) => host.status(name, options),
    upload: (name, bytes, options) => host.upload(name, bytes, options),
    act: (action, name, options) => host.act(action, name, options),
    console: (since, options) => host.console(since, options),
    [Symbol.asyncDispose]: async () => {},
  };
}
