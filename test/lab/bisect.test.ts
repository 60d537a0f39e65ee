// `xsplice bisect` as a process of its own, on a real Xen, with patches of the corpus: it finds the one
// that makes the check fail, goes around one that does not compile alone, and puts the host back, also
// after ^C and after a kill.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type CorpusSource, fetchCorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const patches = fileURLToPath(new URL("../../../test/corpus/patches/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsplice-bisect-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const name = `bisect-${process.pid}`;
const state = join(folder, "state.json");
/** For preparing a base on a busy machine; it takes 20 s on a quiet one. */
const timeout = 300_000;

/** Half a fix, and the half that it lacks. */
const half = `--- a/xen/common/version.c
+++ b/xen/common/version.c
@@ -62,3 +62,4 @@
 
+#error "this takes the next patch"
 const char *xen_changeset(void)
 {
`;
const otherHalf = half.replace("@@ -62,3 +62,4 @@", "@@ -62,4 +62,3 @@").replace("+#", "-#");

/** The second one is at fault: after it, the hypervisor calls itself otherwise. */
const long = ["string", "plain-function", "half", "other-half", "cold-part", "label-table"];
const short = ["string", "plain-function"];

interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function xsplice(...args: readonly string[]): Finished {
  return spawnSync(process.execPath, [main, "--host", `lab:${name}`, ...args], {
    encoding: "utf8",
  });
}

/** What hypervisor and list say. */
function hostState(): readonly string[] {
  return [xsplice("list").stdout, xsplice("lab", "exec", name, "--", "cat", extraVersion).stdout];
}

const extraVersion = "/sys/hypervisor/version/extra";
const check = `"${process.execPath}" "${main}" lab exec ${name} -- cat ${extraVersion} | grep -x '[.]5'`;

/** Waits, the first time that it is run, until it is killed. */
function waitingCheck(marker: string): string {
  return `if [ ! -e "${marker}" ]; then echo $$ >"${marker}.new"; mv "${marker}.new" "${marker}"; exec sleep 600; fi; ${check}`;
}

const skip = await whyNoCorpusSource();

describe("xsplice bisect on Xen 4.17", { skip }, () => {
  let source: CorpusSource;
  let untouched: readonly string[];
  const args = (series: "long" | "short", command: string, ...more: string[]) => [
    ...["bisect", "--source", source.source, "--xen-syms", source.xenSyms],
    ...["--config", source.config, "--jobs", "2", "--quiesce", "200"],
    ...["--series", join(folder, series), "--check", command, "--state", state, ...more],
  ];
  const begin = (command: string): ChildProcess =>
    spawn(process.execPath, [main, "--host", `lab:${name}`, ...args("short", command)], {
      stdio: "ignore",
    });

  before(
    async () => {
      source = await fetchCorpusSource();
      writeFileSync(join(folder, "half.patch"), half);
      writeFileSync(join(folder, "other-half.patch"), otherHalf);
      for (const fix of long.filter((one) => !one.includes("half"))) {
        writeFileSync(join(folder, `${fix}.patch`), readFileSync(join(patches, `${fix}.patch`)));
      }
      for (const [series, fixes] of Object.entries({ long, short })) {
        writeFileSync(join(folder, series), fixes.map((fix) => `${fix}.patch\n`).join(""));
      }
      const up = xsplice("lab", "up", name, "--xen", "4.17");
      assert.equal(up.status, 0, up.stderr);
      // Somebody's payload, which has to be applied afterwards as it was before.
      const own = join(folder, "own.livepatch");
      const build = xsplice(
        ...["build", "--source", source.source, "--xen-syms", source.xenSyms],
        ...["--config", source.config, "--jobs", "2"],
        ...["--patch", join(folder, "string.patch"), "-o", own],
      );
      assert.equal(build.status, 0, build.stderr);
      const load = xsplice("load", own);
      assert.equal(load.status, 0, load.stderr);
      untouched = hostState();
      assert.match(untouched.join(""), /own +\| APPLIED/);
    },
    { timeout },
  );
  after(() => xsplice("lab", "down", name));

  test("it names the fix at fault, and leaves the host as it found it", { timeout }, () => {
    const found = xsplice("--json", ...args("long", check));
    assert.equal(found.status, 0, found.stdout + found.stderr);
    const { conclusion, fixes, probes } = JSON.parse(found.stdout);
    assert.deepEqual(conclusion, { kind: "found", fix: 2 });
    assert.deepEqual(fixes, [join(folder, "plain-function.patch")]);
    assert.deepEqual(
      probes.map(({ prefix, verdict }: { prefix: number; verdict: string }) => [prefix, verdict]),
      [
        [6, "bad"],
        [0, "good"],
        [3, "cannot-tell"],
        [2, "bad"],
        [1, "good"],
      ],
    );
    assert.match(probes[2].words, /cannot be built/);
    assert.deepEqual(hostState(), untouched);
    assert.ok(!existsSync(state));
  });

  test("it goes on where a kill has left it", { timeout }, async () => {
    const marker = join(folder, "killed");
    const child = begin(waitingCheck(marker));
    const waiting = await waitFor(marker, child);
    const beside = xsplice("--json", "bisect", "--abandon", "--state", state);
    assert.equal(JSON.parse(beside.stdout).error.code, "sync/busy");
    child.kill("SIGKILL");
    await once(child, "exit");
    process.kill(waiting);
    assert.notDeepEqual(hostState(), untouched);

    const anew = xsplice(...args("short", waitingCheck(marker)));
    assert.equal(anew.status, 1);
    assert.match(anew.stderr, /an earlier bisection was interrupted[\s\S]*--resume/);
    const resumed = xsplice(...args("short", waitingCheck(marker), "--resume"));
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.match(resumed.stdout, /from fix 2 of 2 on: .*plain-function\.patch/);
    assert.deepEqual(hostState(), untouched);
  });

  test("it puts the host back at ^C, and can be given up", { timeout }, async () => {
    const marker = join(folder, "stopped");
    const child = begin(waitingCheck(marker));
    await waitFor(marker, child);
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "exit"), [130, null]);
    assert.deepEqual(hostState(), untouched);
    assert.ok(existsSync(state));
    const abandoned = xsplice("bisect", "--abandon", "--state", state);
    assert.equal(abandoned.stdout, "The host is as it was found.\n");
    assert.deepEqual(hostState(), untouched);
    assert.ok(!existsSync(state));
  });
});

/** Gives what the check wrote: the number of its process. */
async function waitFor(marker: string, child: ChildProcess): Promise<number> {
  while (!existsSync(marker)) {
    assert.equal(child.exitCode, null, "it ended before its first check");
    await sleep(50);
  }
  return Number(readFileSync(marker, "utf8"));
}
