// What every kind of host promises, on a real hypervisor. Effects are seen twice: in the extra
// version that the hypervisor gives, and in the bytes of its code, read from outside.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { toHex } from "../../src/bytes/hex.ts";
import { HostError, type HostErrorCode } from "../../src/host/errors.ts";
import type { ActOptions, LivepatchHost } from "../../src/host/host.ts";
import { settledState } from "../../src/host/settled-state.ts";
import { Errno } from "../../src/xen-abi/errno.ts";
import { PAYLOAD_NAME_MAX, PAYLOAD_SIZE_MAX } from "../../src/xen-abi/limits.ts";
import {
  build,
  extraVersion,
  withBulk,
  withData,
  withLoadHook,
  withVeto,
} from "./contract-payloads.ts";
import { describeOnXen } from "./why-no-xen.ts";
import type { XenImage } from "./xen-image.ts";

export interface HostUnderTest {
  readonly host: LivepatchHost;
  readonly xen: XenImage;
  /** "4.17"; what the hypervisor's version has to begin with. */
  readonly release: string;
  /** `false` for a host that runs no code, and so no hooks. */
  readonly runsHooks: boolean;
  /** Of the hypervisor, from outside. */
  readMemory(address: bigint, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

const call = { deadlineMs: 60_000 };
export const actOptions: ActOptions = {
  ...call,
  dependencyCheck: "whole-chain",
  // Virtual CPUs share the machine's few real ones, so they may need long to meet (tried.md).
  quiesceMs: 200,
};

/**
 * Opens once, runs the suite, closes. `xen` is the release that it takes; when that cannot be had any
 * more, the tests are skipped and tell why.
 */
export async function describeLivepatchHost(
  label: string,
  xen: string,
  open: () => Promise<HostUnderTest>,
): Promise<void> {
  await describeOnXen(xen, label, () => {
    let under: HostUnderTest;
    before(async () => {
      under = await open();
    });
    after(async () => {
      await under?.close();
    });
    afterEach(async () => clearHost(under.host));
    const suite = (name: string, body: (under: HostUnderTest) => Promise<void>): void =>
      void test(name, () => body(under));
    describeQueries(suite);
    describeActions(suite);
    describeStacks(suite);
    describeRefusals(suite);
    describeReasons(suite);
  });
}

type Suite = (name: string, body: (under: HostUnderTest) => Promise<void>) => void;

function describeQueries(suite: Suite): void {
  suite("info() says what hypervisor runs", async ({ host, xen, release }) => {
    const info = await host.info(call);
    assert.equal(`${info.version.major}.${info.version.minor}`, release);
    assert.match(info.version.extra, /^\.\d/);
    assert.equal(info.buildId, xen.buildId);
    assert.equal(info.architecture, "x86_64");
    assert.match(info.compiler ?? "", /gcc/);
    assert.match(info.compiledAt ?? "", /20\d\d/);
    assert.match(info.bootId ?? "", /^[0-9a-f-]{36}$/);
    assert.equal((await host.info(call)).bootId, info.bootId);
  });

  suite("list() has every payload in the order of loading, with its metadata", async (under) => {
    const { host, xen } = under;
    assert.deepEqual(await host.list(call), []);
    const metadata = ["version=1", "why=the list has to show it"];
    await host.upload("second by name", build(extraVersion(xen, ".a")).bytes, call);
    await host.upload("first", build(extraVersion(xen, ".b", { metadata })).bytes, call);
    const known = host.capabilities.metadata;
    assert.deepEqual(await host.list(call), [
      { name: "second by name", status: { kind: "checked" }, metadata: known ? [] : undefined },
      { name: "first", status: { kind: "checked" }, metadata: known ? metadata : undefined },
    ]);
  });

  suite("status() is undefined for a payload that is not loaded", async ({ host }) => {
    assert.equal(await host.status("nobody", call), undefined);
  });

  suite("console() gives what the hypervisor printed since the mark", async (under) => {
    const { host, xen, runsHooks } = under;
    if (!host.capabilities.console) {
      await refused(host.console(undefined, call), { code: "host/unsupported" });
      return;
    }
    const { mark } = await host.console(undefined, call);
    const words = "test: the hook ran";
    const recipe = withLoadHook(extraVersion(xen, ".a"), "test_console_hook", words);
    await host.upload("a", build(recipe).bytes, call);
    await host.act("apply", "a", actOptions);
    const first = await host.console(mark, call);
    assert.equal(first.lost, false);
    assert.equal(first.text.split(words).length, runsHooks ? 2 : 1, first.text);
    assert.doesNotMatch((await host.console(first.mark, call)).text, /the hook ran/);
  });
}

function describeActions(suite: Suite): void {
  suite("act() applies, reverts and unloads, and the bytes follow", async (under) => {
    const { host, xen } = under;
    const original = (await host.info(call)).version.extra;
    const atFirst = await entryOf(under);
    const { bytes } = xen.functionNamed("xen_extra_version");
    assert.equal(toHex(atFirst.subarray(0, bytes.length)), toHex(bytes));
    await host.upload("a", build(extraVersion(xen, ".new")).bytes, call);
    assert.deepEqual(await host.status("a", call), { kind: "checked" });

    const applied = await host.act("apply", "a", actOptions);
    assert.equal(applied.result, "done");
    assert.deepEqual(applied.status, { kind: "applied" });
    assert.equal((await host.info(call)).version.extra, ".new");
    assertJumpsAway(atFirst, await entryOf(under));

    const reverted = await host.act("revert", "a", actOptions);
    assert.deepEqual(reverted.status, { kind: "checked" });
    assert.equal((await host.info(call)).version.extra, original);
    assert.deepEqual(await entryOf(under), atFirst);

    await host.act("apply", "a", actOptions);
    await host.act("revert", "a", actOptions);
    const unloaded = await host.act("unload", "a", actOptions);
    assert.equal(unloaded.status, undefined);
    assert.deepEqual(await host.list(call), []);
  });

  suite("act() does nothing where nothing is to be done, and says so", async ({ host, xen }) => {
    await host.upload("a", build(extraVersion(xen, ".a")).bytes, call);
    assert.equal((await host.act("revert", "a", actOptions)).result, "unnecessary");
    await host.act("apply", "a", actOptions);
    assert.equal((await host.act("apply", "a", actOptions)).result, "unnecessary");
    assert.equal((await host.act("replace", "a", actOptions)).result, "unnecessary");
  });

  suite("act() refuses what does not fit the state", async ({ host, xen }) => {
    await host.upload("a", build(extraVersion(xen, ".a")).bytes, call);
    await host.act("apply", "a", actOptions);
    await refused(host.act("unload", "a", actOptions), { code: "host/wrong-state" });
    for (const action of ["apply", "revert", "replace", "unload"] as const) {
      await refused(host.act(action, "nobody", actOptions), { code: "host/unknown-payload" });
    }
    assert.deepEqual(await host.status("a", call), { kind: "applied" });
  });

  suite("act() does not take a second apply that Xen ignores for a success", async (under) => {
    const { host, xen } = under;
    const recipe = withData(extraVersion(xen, ".a"), "test_writable");
    await host.upload("a", build(recipe).bytes, call);
    await host.act("apply", "a", actOptions);
    await host.act("revert", "a", actOptions);
    const error = await refused(host.act("apply", "a", actOptions), {
      code: "host/action-failed",
      errno: Errno.EINVAL,
    });
    assert.match(error.message, /only once/);
    await host.act("unload", "a", actOptions);
  });
}

function describeStacks(suite: Suite): void {
  suite("act() stacks payloads and reverts only from the top", async (under) => {
    const { host, xen } = under;
    const lower = build(extraVersion(xen, ".low"));
    const upper = build(extraVersion(xen, ".up", { depends: lower.buildId }));
    await host.upload("low", lower.bytes, call);
    await host.upload("up", upper.bytes, call);
    await host.act("apply", "low", actOptions);
    await host.act("apply", "up", actOptions);
    assert.equal((await host.info(call)).version.extra, ".up");
    const error = await refused(host.act("revert", "low", actOptions), {
      code: "host/wrong-state",
    });
    if (host.capabilities.console) assert.match(error.message, /"up" was applied after it/);
    await host.act("revert", "up", actOptions);
    assert.equal((await host.info(call)).version.extra, ".low");
    await host.act("revert", "low", actOptions);
  });

  suite("act() checks what a payload depends on, unless told not to", async ({ host, xen }) => {
    const lower = build(extraVersion(xen, ".low"));
    const stranger = build(extraVersion(xen, ".other"));
    await host.upload("low", lower.bytes, call);
    await host.upload("other", stranger.bytes, call);
    await host.act("apply", "low", actOptions);
    const error = await refused(host.act("apply", "other", actOptions), {
      code: "host/refused",
      errno: Errno.EINVAL,
    });
    if (host.capabilities.console) assert.match(error.message, /something else than "low"/);
    if (!host.capabilities.noDependencies) return;
    const options = { ...actOptions, dependencyCheck: "hypervisor-only" } as const;
    assert.equal((await host.act("apply", "other", options)).result, "done");
    assert.equal((await host.info(call)).version.extra, ".other");
  });

  suite("act() replaces all applied payloads by one, and names them", async ({ host, xen }) => {
    const lower = build(extraVersion(xen, ".low"));
    const upper = build(extraVersion(xen, ".up", { depends: lower.buildId }));
    await host.upload("low", lower.bytes, call);
    await host.upload("up", upper.bytes, call);
    await host.upload("all", build(extraVersion(xen, ".all")).bytes, call);
    await host.act("apply", "low", actOptions);
    await host.act("apply", "up", actOptions);
    const outcome = await host.act("replace", "all", actOptions);
    assert.deepEqual([...outcome.reverted].sort(), ["low", "up"]);
    assert.equal((await host.info(call)).version.extra, ".all");
    assert.deepEqual(await host.status("up", call), { kind: "checked" });
  });

  suite("act() says that a failed replace left the host without its patches", async (under) => {
    const { host, xen } = under;
    const wrong = extraVersion(xen, ".new", { expectation: "0102030405" });
    await host.upload("old", build(extraVersion(xen, ".old")).bytes, call);
    await host.upload("new", build(wrong).bytes, call);
    await host.act("apply", "old", actOptions);
    const error = await refused(host.act("replace", "new", actOptions), { errno: Errno.EINVAL });
    assert.match(error.report.problem, /reverted "old", which the host now runs WITHOUT/);
    assert.deepEqual(await host.status("old", call), { kind: "checked" });
    assert.equal((await host.act("apply", "old", actOptions)).result, "done");
  });
}

function describeRefusals(suite: Suite): void {
  suite("upload() refuses a name or a payload that is there already", async ({ host, xen }) => {
    const payload = build(extraVersion(xen, ".a")).bytes;
    await host.upload("a", payload, call);
    const sameName = await refused(host.upload("a", payload, call), { errno: Errno.EEXIST });
    assert.match(sameName.message, /payload of this name is loaded/);
    const sameId = await refused(host.upload("b", payload, call), { errno: Errno.EEXIST });
    assert.match(sameId.message, /same build-id/);
    assert.equal((await host.list(call)).length, 1);
  });

  suite("upload() takes every name that Xen takes", async ({ host, xen }) => {
    const longest = "n".repeat(PAYLOAD_NAME_MAX);
    const names = [longest, 'it\'s a "name" with $(words) & more', "ünïcode"];
    for (const [index, name] of names.entries()) {
      await host.upload(name, build(extraVersion(xen, `.${index}`)).bytes, call);
      assert.equal((await host.act("apply", name, actOptions)).result, "done");
      await host.act("revert", name, actOptions);
    }
    assert.deepEqual(
      (await host.list(call)).map(({ name }) => name),
      names,
    );
  });

  suite("upload() refuses names and sizes that no Xen takes, before it asks", async (under) => {
    const { host, xen } = under;
    const { bytes } = build(extraVersion(xen, ".a"));
    for (const name of ["", "n".repeat(PAYLOAD_NAME_MAX + 1), "ü".repeat(64), "a\0b"]) {
      await refused(host.upload(name, bytes, call), { code: "host/bad-argument" });
    }
    for (const size of [0, PAYLOAD_SIZE_MAX + 1]) {
      const badSize = host.upload("a", new Uint8Array(size), call);
      await refused(badSize, { code: "host/bad-argument" });
    }
  });

  suite("upload() takes a payload of nearly 2 MiB", async ({ host, xen }) => {
    const recipe = withBulk(extraVersion(xen, ".big"), "test_bulk", PAYLOAD_SIZE_MAX - 16 * 1024);
    const { bytes } = build(recipe);
    assert.ok(bytes.length > PAYLOAD_SIZE_MAX - 16 * 1024 && bytes.length <= PAYLOAD_SIZE_MAX);
    await host.upload("big", bytes, call);
    await host.act("apply", "big", actOptions);
    assert.equal((await host.info(call)).version.extra, ".big");
  });
}

function describeReasons(suite: Suite): void {
  suite("act() applies where the expected code is there", async (under) => {
    const { host, xen } = under;
    const expectation = toHex((await entryOf(under)).slice(0, 8));
    await host.upload("a", build(extraVersion(xen, ".a", { expectation })).bytes, call);
    assert.equal((await host.act("apply", "a", actOptions)).result, "done");
  });

  suite("act() shows the code that was expected and the code that is there", async (under) => {
    const { host, xen } = under;
    const found = toHex((await entryOf(under)).slice(0, 5));
    const recipe = extraVersion(xen, ".a", { expectation: "0102030405" });
    await host.upload("a", build(recipe).bytes, call);
    const error = await refused(host.act("apply", "a", actOptions), { errno: Errno.EINVAL });
    assert.deepEqual(await host.status("a", call), { kind: "checked" });
    if (!host.capabilities.console) return;
    assert.match(error.report.problem, /code at "xen_extra_version"/);
    assert.equal(error.report.expected, `0102030405 (expected)\n${found} (found)`);
  });

  suite("act() tells when the payload's own hook refuses", async ({ host, xen }) => {
    const recipe = withVeto(extraVersion(xen, ".a"), "test_veto", -84);
    await host.upload("a", build(recipe).bytes, call);
    const error = await refused(host.act("apply", "a", actOptions), { errno: 84 });
    if (host.capabilities.console) assert.match(error.message, /pre-apply hook refused with -84/);
    const replace = host.act("replace", "a", actOptions);
    await refused(replace, { errno: Errno.EOPNOTSUPP });
  });

  suite("upload() names the symbol that the hypervisor does not have", async ({ host, xen }) => {
    const recipe = extraVersion(xen, ".a");
    const code = `void test_no_such_function(void);
void test_caller(void) { test_no_such_function(); }`;
    const { bytes } = build({ ...recipe, code: `${recipe.code}\n${code}` });
    const error = await refused(host.upload("a", bytes, call), { errno: Errno.ENOENT });
    if (host.capabilities.console) assert.match(error.message, /"test_no_such_function"/);
    assert.deepEqual(await host.list(call), []);
  });
}

/** Leaves a host as it was found: nothing applied, nothing loaded. */
export async function clearHost(host: LivepatchHost): Promise<void> {
  for (
    let payloads = await host.list(call);
    payloads.length > 0;
    payloads = await host.list(call)
  ) {
    for (const { name, status } of [...payloads].reverse()) {
      // The one on top of the stack is found by trying: the list does not tell.
      if (settledState(status) === "applied") {
        await host.act("revert", name, actOptions).catch(passOver("host/wrong-state"));
      }
      await host.act("unload", name, actOptions).catch(passOver("host/wrong-state"));
    }
  }
}

function passOver(code: HostErrorCode): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof HostError) || error.report.code !== code) throw error;
  };
}

export async function refused(
  attempt: Promise<unknown>,
  expected: { readonly code?: HostErrorCode; readonly errno?: number },
): Promise<HostError> {
  const error = await attempt.then(
    () => assert.fail("it succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HostError, String(error));
  if (expected.code !== undefined) assert.equal(error.report.code, expected.code, error.message);
  if (expected.errno !== undefined) assert.equal(error.errno, expected.errno, error.message);
  return error;
}

function entryOf({ readMemory, xen }: HostUnderTest): Promise<Uint8Array> {
  return readMemory(xen.functionNamed("xen_extra_version").address, 16);
}

/** A jump of five bytes, at the entry or behind the ENDBR64 there; all else as it was. */
function assertJumpsAway(before: Uint8Array, patched: Uint8Array): void {
  const start = toHex(before).startsWith("f30f1efa") ? 4 : 0;
  assert.equal(patched[start], 0xe9, toHex(patched));
  const jump = patched.slice(start, start + 5);
  const expected = Uint8Array.from(before);
  expected.set(jump, start);
  assert.equal(toHex(patched), toHex(expected));
}
