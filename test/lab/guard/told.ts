// What people are told of old code that is not there, before an action and after a refusal, and what a
// probe that is stopped leaves behind. Played by scenarios.ts. Not a test.

import assert from "node:assert/strict";
import type { LivepatchHost } from "../../../src/host/host.ts";
import { parsePayload } from "../../../src/payload/parse.ts";
import { probeHost } from "../../../src/probe/probe.ts";
import { runXsplice } from "../../run-cli.ts";
import { deepOffset, idle, makeGuarded } from "../guard-payloads.ts";
import { actOptions, call } from "../host-under-test.ts";
import { apply, type GuardBench, type GuardScenarios, probe, upload } from "./bench.ts";

const { f, g } = idle;

export const toldScenarios: GuardScenarios = {
  "notices before a replace what the replace would stumble over": probesReplace,
  "says in words what differs, and who changed it": words,
  "leaves nothing behind when it is stopped": stops,
};

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
