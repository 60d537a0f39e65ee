// Why Xen refused, as far as a host can tell.

import assert from "node:assert/strict";
import { toHex } from "../../../src/bytes/hex.ts";
import { Errno } from "../../../src/xen-abi/errno.ts";
import { build, extraVersion, withVeto } from "../contract-payloads.ts";
import { actOptions, call, refused } from "../host-under-test.ts";
import { entryOf } from "./entry.ts";
import type { Suite } from "./suite.ts";

export function describeReasons(suite: Suite): void {
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

  suite("act() tells a hook that refuses with EBUSY from CPUs that do not meet", async (under) => {
    const { host, xen } = under;
    const recipe = withVeto(extraVersion(xen, ".a"), "test_busy_veto", -16);
    await host.upload("a", build(recipe).bytes, call);
    const error = await refused(host.act("apply", "a", actOptions), { errno: Errno.EBUSY });
    if (!host.capabilities.console) return;
    assert.match(error.message, /pre-apply hook refused with -16/);
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
