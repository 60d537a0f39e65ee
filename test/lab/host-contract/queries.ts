// What a host tells of its hypervisor.

import assert from "node:assert/strict";
import { build, extraVersion, withLoadHook } from "../contract-payloads.ts";
import { actOptions, call, refused } from "../host-under-test.ts";
import type { Suite } from "./suite.ts";

export function describeQueries(suite: Suite): void {
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
