// `xsplice matrix` as a user types it, on small Xens: one fix for bases of which one is built, one needs
// patches of both sides, one has nothing to change, one refuses and one is broken.

import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  kernel,
  kernelFile,
  linkHypervisor,
  patchFrom,
} from "../src/builder/build.test.support.ts";
import { makeSmallXen } from "../src/xen-make/small-xen.test.support.ts";
import { type CliRun, type CliSurroundings, runXsplice } from "./run-cli.ts";
import { buildTest } from "./why-no-build.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-cli-matrix-"));
const cleanups: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const small = makeSmallXen({ after: (work) => cleanups.push(work) });
/** What runs on the second, and its source does not have. */
const other = kernel.replace("wide()", "wide() + 7");

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const patch = (name: string, old: string, text: string, path = kernelFile) =>
  write(name, patchFrom(path, old, text, name).bytes);

write("xen.config", "CONFIG_LIVEPATCH=y\n");
const common = { source: small.source, config: "xen.config" };
const fix = patch("fix.patch", kernel, kernel.replace("GENERATED", "GENERATED + 40"));
patch("pristine-seven.patch", kernel, other);
patch("other.patch", other, other.replace("GENERATED", "GENERATED + 40"));
patch(
  "tools.patch",
  "int main(void) { return 0; }\n",
  "int main(void) { return 1; }\n",
  "tools/xl/xl.c",
);
patch("linker.patch", "SECTIONS {}\n", "SECTIONS { }\n", "xen/arch/x86/xen.lds.S");
write("series-other", "pristine-seven.patch\nother.patch\n");
write("series-tools", "tools.patch\n");
write("series-linker", "linker.patch\n");

function listOf(...bases: readonly object[]): string {
  return write(
    "bases.json",
    JSON.stringify({ bases: bases.map((one) => ({ ...common, ...one })) }),
  );
}

function matrix(args: readonly string[], more: CliSurroundings = {}): Promise<CliRun> {
  const env = { XDG_CACHE_HOME: small.cacheHome, PATH: process.env["PATH"] ?? "" };
  return runXsplice(["matrix", ...args], { env, ...more });
}

interface Row {
  readonly label: string;
  readonly outcome: string;
  readonly kept: boolean | undefined;
  readonly buildId: string;
  readonly payload?: { readonly path: string; readonly sha256: string };
  readonly report: { readonly path: string };
  readonly failure?: { readonly code: string };
}

async function rowsOf(args: readonly string[]): Promise<readonly Row[]> {
  const { stdout, stderr } = await matrix([...args, "--json"]);
  assert.equal(stderr, "");
  return JSON.parse(stdout).bases;
}

const first = write("one/xen-syms", linkHypervisor());
const second = write("two/xen-syms", linkHypervisor({ [kernelFile]: other }));
const third = write(
  "three/xen-syms",
  linkHypervisor({ "xen/common/start.c": "int start(void) { return 4; }\n" }),
);
const fourth = write(
  "four/xen-syms",
  linkHypervisor({ "xen/common/start.c": "int start(void) { return 5; }\n" }),
);

buildTest("xsplice matrix builds for each base, and one that fails stops no other", async () => {
  const list = listOf(
    { label: "One", "xen-syms": first },
    { label: "Two", "xen-syms": second, series: "series-other" },
    { label: "Broken", "xen-syms": "nowhere/xen-syms" },
    { label: "Tools", "xen-syms": third, series: "series-tools" },
    { label: "Linker", "xen-syms": fourth, series: "series-linker" },
    { label: "Twin", "xen-syms": first },
  );
  const out = join(folder, "out");
  const args = ["--patch", fix, "--bases", list, "-o", out, "--jobs", "2"];
  const run = await matrix(args);
  assert.equal(run.exitCode, 2, run.stderr);
  const states = ["One +built: 2 functions", "Two +built: 2 functions", "Broken +failed"];
  for (const state of [
    ...states,
    "Tools +no change",
    "Linker +refused: 1 reason",
    "Twin +failed",
  ]) {
    assert.match(run.stdout, new RegExp(`^${state} `, "m"));
  }
  assert.match(run.stdout, /^ {2}xen\/arch\/x86\/xen\.lds\.S \(file\): /m);
  assert.match(run.stdout, /is the same build as "One"/);
  // What was made of the same inputs stays, byte by byte; what failed is tried again.
  const again = await rowsOf(args);
  assert.deepEqual(
    again.map(({ label, outcome, kept }) => [label, outcome, kept]),
    [
      ["One", "built", true],
      ["Two", "built", true],
      ["Broken", "failed", undefined],
      ["Tools", "no-change", true],
      ["Linker", "refused", true],
      ["Twin", "failed", undefined],
    ],
  );
  const [one, two] = again;
  const place = (row: Row | undefined) => join(out, row?.payload?.path ?? "none");
  const report = JSON.parse(readFileSync(join(out, two?.report.path ?? ""), "utf8"));
  assert.deepEqual(Object.keys(report.inputs.pristine), ["pristine-seven.patch"]);
  assert.equal(report.payload.sha256, two?.payload?.sha256);
  // One file is damaged, and one patch is another one: those two are made again, and no third.
  const bytes = readFileSync(place(one));
  writeFileSync(place(one), "damaged");
  patch("other.patch", other, other.replace("GENERATED", "GENERATED + 41"));
  const changed = await rowsOf(args);
  assert.deepEqual(changed.map(({ label, kept }) => [label, kept]).slice(0, 5), [
    ["One", false],
    ["Two", false],
    ["Broken", undefined],
    ["Tools", true],
    ["Linker", true],
  ]);
  assert.deepEqual(readFileSync(place(one)), bytes, "the same inputs give the same bytes");
});

buildTest("xsplice matrix keeps what was finished when somebody stops it", async () => {
  const list = listOf(
    { label: "One", "xen-syms": first },
    { label: "Three", "xen-syms": third },
    { label: "Four", "xen-syms": fourth },
  );
  const out = join(folder, "stopped");
  const args = ["--patch", fix, "--bases", list, "-o", out, "--jobs", "1"];
  const stop = new AbortController();
  const watch = setInterval(() => {
    if (existsSync(out) && cellsIn(out).length > 0) stop.abort(new Error("^C"));
  }, 5);
  const run = await matrix(args, { signal: stop.signal });
  clearInterval(watch);
  assert.equal(run.exitCode, 130, run.stderr);
  const finished = cellsIn(out).length;
  assert.ok(finished >= 1 && finished < 3, `${finished} of 3 were finished`);
  const rows = await rowsOf(args);
  assert.equal(rows.filter(({ kept }) => kept).length, finished);
  assert.ok(rows.every(({ outcome }) => outcome === "built"));
});

buildTest(
  "xsplice matrix with hooks builds anew, since they may include what has changed",
  async () => {
    const value = (number: number) => write("hooks/value.h", `#define VALUE ${number}\n`);
    value(1);
    const hooks = write(
      "hooks/hook.c",
      '#include "value.h"\nstatic int seen;\nstatic void set(void) { seen += VALUE; }\nXSPLICE_HOOK_LOAD(set)\n',
    );
    const list = listOf({ label: "One", "xen-syms": first });
    const args = ["--patch", fix, "--bases", list, "-o", join(folder, "hooked"), "--hooks", hooks];
    const [one] = await rowsOf(args);
    assert.equal(one?.outcome, "built");
    value(2);
    const [other] = await rowsOf(args);
    assert.notEqual(other?.payload?.sha256, one?.payload?.sha256);
  },
);

function cellsIn(out: string): readonly string[] {
  const names = readdirSync(out, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".cell.json"));
}

buildTest("xsplice matrix lays payloads out as XenServer's toolstack reads them", async () => {
  const list = listOf(
    { label: "One", "xen-syms": first, version: "4.17.4-5.xs8" },
    { label: "Three", "xen-syms": third, version: "4.17.4-4.xs8", series: "series-linker" },
  );
  const out = join(folder, "root");
  const args = ["--patch", fix, "--bases", list, "-o", out, "--layout", "xenserver"];
  const [one, three] = await rowsOf([...args, "--to", "4.17.4-6.xs8"]);
  const place = join(out, "usr/lib/xen-livepatch", one?.buildId ?? "");
  const name = "lp_4_17_4__5_xs8__4_17_4__6_xs8.livepatch";
  assert.equal(readlinkSync(join(place, "livepatch.livepatch")), name);
  assert.ok(readFileSync(join(place, name), "latin1").includes("mode=cumulative"));
  assert.ok(!existsSync(join(out, "usr/lib/xen-livepatch", three?.buildId ?? "none")));
  assert.equal(
    readFileSync(join(out, "provides"), "utf8"),
    `Provides: livepatch(component/xen/base/4.17.4-5.xs8/to/4.17.4-6.xs8/base-buildid/${one?.buildId})\n`,
  );
  const bare = await matrix(args);
  assert.match(bare.stderr, /the version of the target is not known/);
});

test("xsplice matrix says what is missing before it builds anything", async () => {
  const list = listOf({ label: "One", "xen-syms": first });
  const none = await matrix(["--bases", list]);
  assert.equal(none.exitCode, 64);
  assert.match(none.stderr, /Cannot build for "One": there is no patch for it/);
  const empty = await matrix(["--patch", fix, "--bases", write("empty.json", "{}")]);
  assert.equal(empty.exitCode, 1);
  assert.match(empty.stderr, /Cannot use ".*empty\.json" as a list of bases: bases is missing/);
});
