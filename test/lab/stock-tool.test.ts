// xSplice and Xen's own xen-livepatch in the same dom0: each sees what the other did, and they agree
// on everything that both tell, to the letter where both print it.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { stockList } from "../../src/cli/text/stock.ts";
import type { LivepatchHost } from "../../src/host/host.ts";
import { FACTS_SCRIPT, parseHostFacts } from "../../src/hosts/host-facts.ts";
import { labHost } from "../../src/hosts/lab.ts";
import { parseStockList, stockErrno, type ToolOutput } from "../../src/hosts/ssh/stock-output.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { Errno } from "../../src/xen-abi/errno.ts";
import { build, extraVersion, withData } from "./contract-payloads.ts";
import { actOptions, call, clearHost, refused } from "./host-under-test.ts";
import { describeOnXen } from "./why-no-xen.ts";
import { readXenImage, type XenImage } from "./xen-image.ts";

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(release, `xen-livepatch of Xen ${release} and xsplice`, () => {
    let lab: Lab;
    let host: LivepatchHost;
    let xen: XenImage;

    before(async () => {
      lab = await openLab({ xen: release, userland: "full" });
      assert.ok(lab.info.symbols);
      host = await labHost(lab);
      xen = readXenImage(lab.info.symbols);
    });
    after(async () => {
      await lab?.close();
    });
    afterEach(async () => clearHost(host));

    async function stock(...argv: readonly string[]): Promise<ToolOutput> {
      const { stdout, stderr, exitCode } = await lab.exec(["xen-livepatch", ...argv]);
      return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
    }

    async function stockUpload(name: string, bytes: Uint8Array): Promise<ToolOutput> {
      await lab.exec(["sh", "-c", "cat >/tmp/payload"], { stdin: bytes });
      return stock("upload", name, "/tmp/payload");
    }

    async function assertSameList(): Promise<void> {
      const { stdout } = await stock("list");
      const payloads = await host.list(call);
      assert.deepEqual(parseStockList(stdout, "xen-livepatch"), payloads);
      assert.equal(stockList(payloads), stdout);
    }

    test("list() agrees with `xen-livepatch list` on nothing", assertSameList);

    test("list() agrees with `xen-livepatch list` on states, errors and metadata", async () => {
      const metadata = ["source=a and b", "empty=", "url=x:y"];
      const long = "a name of more than forty characters, which is no reason to cut it";
      await host.upload("once", build(withData(extraVersion(xen, ".1"), "test_data")).bytes, call);
      await host.upload("applied", build(extraVersion(xen, ".2", { metadata })).bytes, call);
      await host.upload(long, build(extraVersion(xen, ".3")).bytes, call);
      await host.act("apply", "once", actOptions);
      await host.act("revert", "once", actOptions);
      await refused(host.act("apply", "once", actOptions), { errno: Errno.EINVAL });
      await host.act("apply", "applied", actOptions);
      await assertSameList();
    });

    test("act() and upload() go on where xen-livepatch stopped, and the other way round", async () => {
      const { bytes } = build(extraVersion(xen, ".a"));
      assert.equal(stockErrno(await stockUpload("a", bytes), "stock"), 0);
      await host.act("apply", "a", actOptions);
      assert.match((await stock("apply", "a")).stdout, /^No action needed/);
      const reverted = await stock("revert", "a");
      assert.equal(reverted.stdout, "Reverting a... completed\n");
      assert.deepEqual(await host.status("a", call), { kind: "checked" });
      await stock("apply", "a");
      assert.deepEqual(await host.status("a", call), { kind: "applied" });
      assert.equal((await host.info(call)).version.extra, ".a");
      await host.act("revert", "a", actOptions);
      assert.equal(stockErrno(await stock("unload", "a"), "stock"), 0);
      assert.deepEqual(await host.list(call), []);
    });

    test("upload() and act() give the error numbers that xen-livepatch prints", async () => {
      const { bytes } = build(extraVersion(xen, ".a"));
      const junk = new Uint8Array(100);
      const stranger = build(extraVersion(xen, ".b", { depends: "56".repeat(20) })).bytes;
      await host.upload("a", bytes, call);
      await host.upload("b", stranger, call);
      const pairs: readonly (readonly [ToolOutput, () => Promise<unknown>])[] = [
        [await stockUpload("a", bytes), () => host.upload("a", bytes, call)],
        [await stockUpload("other", bytes), () => host.upload("other", bytes, call)],
        [await stockUpload("junk", junk), () => host.upload("junk", junk, call)],
        [await stock("apply", "b"), () => host.act("apply", "b", actOptions)],
        [await stock("apply", "nobody"), () => host.act("apply", "nobody", actOptions)],
      ];
      for (const [output, attempt] of pairs) {
        assert.equal(output.exitCode, 1);
        await refused(attempt(), { errno: stockErrno(output, "stock") });
      }
    });

    test("an upload of no payload tells whether a name is taken, and changes nothing", async () => {
      await host.upload("taken", build(extraVersion(xen, ".a")).bytes, call);
      await host.act("apply", "taken", actOptions);
      const before = await host.list(call);
      const question = Buffer.from("not a payload, but a question\n");
      assert.match((await stockUpload("taken", question)).stderr, /^Error 17: /);
      assert.match((await stockUpload("free", question)).stderr, /^Error 22: /);
      assert.deepEqual(await host.list(call), before);
    });

    test("info() agrees with `xl info` and with /sys/hypervisor", async () => {
      const info = await host.info(call);
      const facts = await lab.exec(["sh", "-c", FACTS_SCRIPT]);
      const text = facts.stdout.toString();
      assert.deepEqual(parseHostFacts(text), info);
      const withoutXl = text.replaceAll(/^xl .*$/gm, "");
      assert.deepEqual(parseHostFacts(withoutXl), info);
    });
  });
}
