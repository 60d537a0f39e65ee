// Payloads on and in place of each other.

import assert from "node:assert/strict";
import { Errno } from "../../../src/xen-abi/errno.ts";
import { build, extraVersion } from "../contract-payloads.ts";
import { actOptions, call, refused } from "../host-under-test.ts";
import type { Suite } from "./suite.ts";

export function describeStacks(suite: Suite): void {
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
    if (host.capabilities.console) assert.match(error.message, /something other than "low"/);
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
