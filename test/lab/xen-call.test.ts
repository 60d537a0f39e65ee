// The hypercalls on real hypervisors of three releases, made through the agent of a lab.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openElf } from "../../src/elf/open.ts";
import { requireSymbol } from "../../src/elf/symbols.ts";
import { HostError } from "../../src/host/errors.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import type { ActionName, RawStatus } from "../../src/xen-call/livepatch-calls.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { extraVersionRecipe, makeStockPayload } from "../stock-payload.ts";
import { describeOnXen } from "./why-no-xen.ts";

const CHECKED = 1;
const APPLIED = 2;
const EAGAIN = 11;

const releases = [
  { xen: "4.14", minor: 14, interfaceVersion: 0x13 },
  { xen: "4.17", minor: 17, interfaceVersion: 0x15 },
  { xen: "4.20", minor: 20, interfaceVersion: 0x15 },
];

function refusedWith(errno: number): (error: unknown) => boolean {
  return (error) => error instanceof HostError && error.errno === errno;
}

async function actAndWait(
  client: XenClient,
  action: ActionName,
  name: string,
): Promise<RawStatus | undefined> {
  const request = { timeoutNs: 2_000_000_000, dependencyCheck: "whole-chain" } as const;
  await client.action(action, name, request);
  for (let polls = 0; polls < 1000; polls++) {
    const status = await client.get(name);
    if (status?.rc !== -EAGAIN) return status;
    await sleep(5);
  }
  return assert.fail(`${action} ${name} did not come to an end`);
}

for (const { xen, minor, interfaceVersion } of releases) {
  await describeOnXen(xen, `XenClient on Xen ${xen}`, () => {
    let lab: Lab;
    let client: XenClient;
    let xenBuildId = "";
    let oldSize = 0;

    before(async () => {
      lab = await openLab({ xen });
      client = new XenClient(new ProxyTransport(lab.agent));
      xenBuildId = (await client.buildId()) ?? "";
      const symbols = lab.info.symbols ?? assert.fail("the lab knows no xen-syms");
      const xenSyms = openElf(readFileSync(symbols), symbols);
      oldSize = Number(requireSymbol(xenSyms, "xen_extra_version").size);
    });
    after(async () => {
      await lab?.[Symbol.asyncDispose]();
    });

    function extraVersionPayload(tag: string, metadata: readonly string[]): Uint8Array {
      const recipe = extraVersionRecipe({ text: `.${tag}`, tag, xenBuildId, oldSize });
      return makeStockPayload({ ...recipe, metadata });
    }

    test("XenClient reads the facts, and speaks the dialect of the release", async () => {
      assert.deepEqual(await client.version(), { major: 4, minor });
      assert.match(await client.extraVersion(), /^\.\d/);
      assert.match((await client.buildId()) ?? "", /^[0-9a-f]{40}$/);
      assert.match((await client.compileInfo()).compiler, /gcc/i);
      assert.match(await client.capabilities(), /x86_64/);
      assert.match(await client.commandLine(), /console=com1/);
      assert.deepEqual(await client.dialect(), { version: interfaceVersion, family: "B" });
    });

    test("XenClient uploads, lists, applies, reverts and unloads", async () => {
      const payload = extraVersionPayload("called", ["author=me", "note=a b"]);
      const before = await client.extraVersion();
      await client.upload("called", payload);
      await assert.rejects(client.upload("called", payload), refusedWith(17));
      await assert.rejects(client.upload("again", payload), refusedWith(17));
      const listed = { name: "called", state: CHECKED, rc: 0 };
      const metadata = ["author=me", "note=a b"];
      assert.deepEqual(await client.list(), [{ ...listed, metadata }]);
      assert.deepEqual(await actAndWait(client, "apply", "called"), { state: APPLIED, rc: 0 });
      assert.equal(await client.extraVersion(), ".called");
      await assert.rejects(actAndWait(client, "unload", "called"), refusedWith(22));
      assert.deepEqual(await actAndWait(client, "revert", "called"), { state: CHECKED, rc: 0 });
      assert.equal(await client.extraVersion(), before);
      assert.equal(await actAndWait(client, "unload", "called"), undefined);
      assert.deepEqual(await client.list(), []);
    });

    test("XenClient.list() gives all of many payloads", async () => {
      const names = Array.from({ length: 12 }, (_, index) => `many-${index}`);
      for (const [index, name] of names.entries()) {
        await client.upload(name, extraVersionPayload(`many${index}`, [`index=${index}`]));
      }
      const listed = await client.list();
      assert.deepEqual(
        listed.map(({ name, metadata }) => [name, metadata]),
        names.map((name, index) => [name, [`index=${index}`]]),
      );
      for (const name of names) await actAndWait(client, "unload", name);
    });

    test("XenClient.readConsole() gives what Xen printed since a mark, and only that", async () => {
      const start = await client.readConsole();
      assert.match(start.text, /Xen version 4\./);
      assert.deepEqual(await client.readConsole(start.end), { ...start, text: "", lost: false });
      await assert.rejects(client.upload("junk", new Uint8Array(100)), refusedWith(22));
      const { text, lost } = await client.readConsole(start.end);
      assert.match(text, /^\(XEN\).*livepatch: junk: /);
      assert.equal(lost, false);
    });

    test("XenClient passes on what Xen refuses", async () => {
      assert.equal(await client.get("nobody"), undefined);
      await assert.rejects(actAndWait(client, "apply", "nobody"), /no such payload is loaded/);
      await assert.rejects(client.upload("big", new Uint8Array(2 ** 21)), refusedWith(22));
    });
  });
}
