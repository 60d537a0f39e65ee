// Names and sizes that are taken, and those that are not.

import assert from "node:assert/strict";
import { Errno } from "../../../src/xen-abi/errno.ts";
import { PAYLOAD_NAME_MAX, PAYLOAD_SIZE_MAX } from "../../../src/xen-abi/limits.ts";
import { build, extraVersion, withBulk } from "../contract-payloads.ts";
import { actOptions, call, refused } from "../host-under-test.ts";
import type { Suite } from "./suite.ts";

export function describeUploads(suite: Suite): void {
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
