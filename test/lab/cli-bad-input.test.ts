// Bad input on a real Xen, through the command line: one clear message each, the right exit code,
// and nothing left behind on the host.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openHost } from "../../src/hosts/open-host.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { type CliRun, runXsplice } from "../run-cli.ts";
import { build, extraVersion, withCode } from "./contract-payloads.ts";
import { DOM0_DIST, installXsplice } from "./dom0-xsplice.ts";
import { readXenImage, type XenImage } from "./xen-image.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-refused-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("bad input on a real Xen", () => {
  let lab: Lab;
  let xen: XenImage;
  let good: Uint8Array;
  before(async () => {
    lab = await openLab({ userland: "full", name: `refused-${process.pid}` });
    assert.ok(lab.info.symbols);
    xen = readXenImage(lab.info.symbols);
    good = build(extraVersion(xen, ".good")).bytes;
  });
  after(() => lab.close());

  function xsplice(...args: string[]): Promise<CliRun> {
    return runXsplice(args, {
      openHost: (_, options) => openHost(`lab:${lab.info.name}`, options),
    });
  }

  async function expectRefused(run: CliRun, message: RegExp): Promise<void> {
    assert.equal(run.exitCode, 1, run.stderr);
    assert.match(run.stderr, message);
    assert.match(run.stderr, /^ {2}(where|expected|remedy): /m, run.stderr);
    assert.equal((await xsplice("list")).stdout, "Nothing to list\n");
  }

  test("a truncated payload", async () => {
    const path = file("truncated", good.subarray(0, good.length >> 1));
    await expectRefused(await xsplice("upload", "x", path), /Cannot read/);
  });

  test("a payload of another machine", async () => {
    const bytes = good.slice();
    bytes[18] = 183; // e_machine: EM_AARCH64
    await expectRefused(await xsplice("upload", "x", file("arm", bytes)), /Cannot/);
  });

  test("an empty file, a random one, a directory, 3 MB", async () => {
    const random = Uint8Array.from({ length: 5000 }, (_, index) => (index * index * 37) % 253);
    const paths = [
      file("empty", new Uint8Array()),
      file("random", random),
      folder,
      file("large", new Uint8Array(3_000_000)),
    ];
    for (const path of paths) await expectRefused(await xsplice("load", path), /Cannot/);
  });

  test("a name of 200 characters", async () => {
    const run = await xsplice("upload", "n".repeat(200), file("good", good));
    await expectRefused(run, /it is 200 bytes long/);
  });

  test("a payload for another hypervisor", async () => {
    const { bytes } = build({ ...extraVersion(xen, ".e"), xenBuildId: "12".repeat(20) });
    const run = await xsplice("load", file("elsewhere", bytes));
    await expectRefused(run, /another hypervisor[\s\S]+1212/);
  });

  test("a payload with unresolved symbols names the symbol", async () => {
    const code =
      "void test_nobodys_symbol(void); void test_caller(void) { test_nobodys_symbol(); }";
    const { bytes } = build(withCode(extraVersion(xen, ".e"), code));
    const run = await xsplice("upload", "x", file("unresolved", bytes));
    await expectRefused(run, /^Error 2: No such file or directory\n[\s\S]*test_nobodys_symbol/);
  });

  test("the same name twice, and the same payload under two names", async () => {
    const path = file("good", good);
    assert.equal((await xsplice("upload", "once", path)).exitCode, 0);
    for (const name of ["once", "twice"]) {
      const run = await xsplice("upload", name, path);
      assert.equal(run.exitCode, 1);
      assert.match(run.stderr, /^Error 17: File exists\nCannot /);
    }
    assert.match((await xsplice("list")).stdout, /^once +\| CHECKED/m);
    assert.equal((await xsplice("unload", "once")).exitCode, 0);
    await expectRefused(await xsplice("unload", "once"), /no payload of that name/);
  });

  test("a payload that cannot be applied is unloaded again by load", async () => {
    const guarded = extraVersion(xen, ".e", { expectation: "00112233445566" });
    const run = await xsplice("load", file("guarded.livepatch", build(guarded).bytes));
    assert.match(run.stdout, /Applying guarded\.\.\. failed\nUnloading guarded\.\.\. completed\n$/);
    await expectRefused(run, /expect/);
  });

  test("dom0 without permission and without privcmd says what to do", async () => {
    await installXsplice(lab);
    const asNobody = `process.setgid(65534); process.setuid(65534);
      process.argv = ["node", "xsplice", "list"]; import("${DOM0_DIST}/src/cli/main.js");`;
    const forbidden = await lab.exec(["node", "-e", asNobody]);
    assert.equal(forbidden.exitCode, 1);
    assert.match(forbidden.stderr.toString(), /^Cannot .+\n[\s\S]*remedy: .*root/);
    // Either of the two doors will do, so both have to go.
    await lab.exec(["sh", "-c", "rm /dev/xen/privcmd && umount -l /proc/xen"]);
    const absent = await lab.exec(["xsplice", "list"]);
    assert.equal(absent.exitCode, 1);
    assert.match(absent.stderr.toString(), /^Cannot .+\n[\s\S]*remedy: .*modprobe xen-privcmd/);
  });

  test("nothing is left in dom0's temporary folder", async () => {
    const { stdout } = await lab.exec(["ls", "-A", "/tmp"]);
    assert.equal(stdout.toString(), "");
    assert.ok(!readdirSync(folder).some((name) => name.endsWith(".tmp")));
  });
});
