// `xsplice prepare` as a user types it, on the small Xen.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { linkHypervisor } from "../src/builder/build.test.support.ts";
import { makeSmallXen } from "../src/xen-make/small-xen.test.support.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";
import { buildTest } from "./why-no-build.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-cli-prepare-"));
const cleanups: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const small = makeSmallXen({ after: (work) => cleanups.push(work) });
const [xenSyms, config] = [join(folder, "xen-syms"), join(folder, "xen.config")];
writeFileSync(xenSyms, linkHypervisor());
writeFileSync(config, "CONFIG_LIVEPATCH=y\n");

const env = { XDG_CACHE_HOME: small.cacheHome, PATH: process.env["PATH"] ?? "" };

function prepare(...args: readonly string[]): Promise<CliRun> {
  const inputs = ["--source", small.source, "--xen-syms", xenSyms, "--config", config];
  return runXsplice(["prepare", ...inputs, ...args], { env });
}

buildTest("xsplice prepare --background returns at once, and says where its words go", async () => {
  const { exitCode, stdout, stderr } = await prepare("--background", "--json");
  assert.equal(exitCode, 0, stderr);
  const { background } = JSON.parse(stdout);
  for (let waited = 0; isAlive(background.pid) && waited < 600; waited++) await sleep(100);
  const said = readFileSync(background.log, "utf8");
  assert.match(
    said,
    /^(\d+) unpatched objects are there; \1 of them were compiled now, in \d+ s$/m,
  );
});

buildTest(
  "xsplice prepare --background has a log of its own, also beside another one",
  async () => {
    const started: { readonly pid: number; readonly log: string }[] = [];
    for (let n = 0; n < 2; n++) {
      const { stdout } = await prepare("--background", "--json");
      started.push(JSON.parse(stdout).background);
    }
    for (const { pid } of started) {
      for (let waited = 0; isAlive(pid) && waited < 600; waited++) await sleep(100);
    }
    assert.equal(new Set(started.map(({ log }) => log)).size, 2);
    for (const { log } of started) {
      const words = readFileSync(log, "utf8").match(/unpatched objects are there/g);
      assert.equal(words?.length, 1, log);
    }
  },
);

buildTest("xsplice prepare compiles nothing twice, and tells the space that it takes", async () => {
  await prepare();
  const { exitCode, stdout } = await prepare();
  assert.equal(exitCode, 0);
  assert.match(stdout, /^\d+ unpatched objects are there; 0 of them were compiled now/);
  assert.match(stdout, /^They take \d+ kB in .*\/build\/[0-9a-f]+$/m);
  const { objects, sizeBytes } = JSON.parse((await prepare("--json")).stdout);
  assert.equal(objects.compiled, 0);
  assert.ok(objects.total > 0 && sizeBytes > 0);
});

buildTest("xsplice prepare tells in the foreground what it cannot read", async () => {
  const gone = join(folder, "gone");
  const { exitCode, stderr } = await prepare("--background", "--xen-syms", gone);
  assert.equal(exitCode, 1);
  assert.match(stderr, /gone/);
});

/** It is a child of this process, so that a zombie counts as ended. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
