// Apply, revert and unload, one payload at a time.

import assert from "node:assert/strict";
import { toHex } from "../../../src/bytes/hex.ts";
import { Errno } from "../../../src/xen-abi/errno.ts";
import { build, extraVersion, withData } from "../contract-payloads.ts";
import { actOptions, call, refused } from "../host-under-test.ts";
import { entryOf } from "./entry.ts";
import type { Suite } from "./suite.ts";

export function describeActions(suite: Suite): void {
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

/** A jump of five bytes, at the entry or behind the ENDBR64 there; all else as it was. */
function assertJumpsAway(before: Uint8Array, patched: Uint8Array): void {
  const start = toHex(before).startsWith("f30f1efa") ? 4 : 0;
  assert.equal(patched[start], 0xe9, toHex(patched));
  const jump = patched.slice(start, start + 5);
  const expected = Uint8Array.from(before);
  expected.set(jump, start);
  assert.equal(toHex(patched), toHex(expected));
}
