// `xsplice build` as a user types it, on the small Xen: files in, exit codes, text, JSON, files out.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { linkHypervisor } from "../src/builder/build.test.support.ts";
import { emptyFolder } from "../src/files/files.test.support.ts";
import { makeSmallXen, smallXen } from "../src/xen-make/small-xen.test.support.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";
import { buildTest } from "./why-no-build.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-cli-build-"));
const cleanups: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const small = makeSmallXen({ after: (work) => cleanups.push(work) });
const xenSyms = join(folder, "xen-syms");
const config = join(folder, "xen.config");
const output = join(folder, "fix.livepatch");
writeFileSync(xenSyms, linkHypervisor());
writeFileSync(config, "CONFIG_LIVEPATCH=y\n");

const kernelFile = "xen/common/kernel.c";
const kernel = smallXen[kernelFile] ?? "";
const fixed = { [kernelFile]: kernel.replace("wide()", "wide() + 40") };

/** A patch of changed texts, as a file. */
function patchFile(name: string, changes: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  writeFileSync(path, small.request(changes).inputs.patches[0]?.bytes ?? "");
  return path;
}

function build(...args: readonly string[]): Promise<CliRun> {
  const inputs = ["--source", small.source, "--xen-syms", xenSyms, "--config", config];
  const env = { XDG_CACHE_HOME: small.cacheHome, PATH: process.env["PATH"] ?? "" };
  return runXsplice(["build", ...inputs, "-o", output, ...args], { env });
}

buildTest("xsplice build makes a payload, and its report beside it", async () => {
  const { exitCode, stdout, stderr } = await build("--patch", patchFile("fix.patch", fixed));
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^Built .*fix\.livepatch: 2 functions replaced\n/);
  assert.match(stdout, /\nreplaces {2}kernel, \d+ → \d+ bytes: /);
  assert.match(stderr, /compiling/);
  assert.ok(existsSync(output));
  const report = JSON.parse(readFileSync(`${output}.json`, "utf8"));
  assert.equal(report.outcome, "built");
  assert.equal(report.payload.sizeBytes, readFileSync(output).length);
});

buildTest(
  "xsplice build ends with 2 when a part cannot be live patched, and leaves no payload",
  async () => {
    writeFileSync(output, "of an earlier build");
    const changes = { ...fixed, "xen/arch/x86/xen.lds.S": "SECTIONS { }\n" };
    const { exitCode, stdout } = await build("--patch", patchFile("half.patch", changes));
    assert.equal(exitCode, 2);
    assert.match(
      stdout,
      /^Cannot be live patched: 1 reason\n\nxen\/arch\/x86\/xen\.lds\.S \(file\)\n {2}because: /,
    );
    assert.match(stdout, /\n {2}remedy: /);
    assert.equal(existsSync(output), false);
    assert.equal(JSON.parse(readFileSync(`${output}.json`, "utf8")).outcome, "refused");
  },
);

buildTest("xsplice build ends with 3 when nothing that runs changes", async () => {
  const patch = patchFile("tools.patch", { "tools/xl/xl.c": "int main(void) { return 1; }\n" });
  const { exitCode, stdout } = await build("--patch", patch);
  assert.equal(exitCode, 3);
  assert.match(stdout, /^Nothing to patch/);
  assert.match(stdout, /tools\/xl\/xl\.c: not the hypervisor; the toolstack also needs an update/);
});

buildTest("xsplice build takes patches from a series, and gives its report as JSON", async () => {
  patchFile("one.patch", fixed);
  const series = join(folder, "series");
  writeFileSync(series, "# first\n\none.patch -p1 # and why\n");
  const { exitCode, stdout, stderr } = await build(
    "--series",
    series,
    "--name",
    "My fix",
    "--meta",
    "team=red",
    "--json",
  );
  assert.equal(exitCode, 0, stderr);
  const report = JSON.parse(stdout);
  assert.deepEqual(report, JSON.parse(readFileSync(`${output}.json`, "utf8")));
  assert.equal(report.payload.metadata.title, "My fix");
  assert.equal(report.payload.metadata.team, "red");
  assert.deepEqual(Object.keys(report.inputs.patches), ["one.patch"]);
  assert.equal(stderr, "");
});

buildTest("xsplice build takes a patch of a series by its absolute path", async (t) => {
  const elsewhere = join(emptyFolder(t), "series");
  writeFileSync(elsewhere, `${patchFile("one.patch", fixed)}\n`);
  const { exitCode, stderr } = await build("--series", elsewhere);
  assert.equal(exitCode, 0, stderr);
});

buildTest("xsplice build refuses a series that wants a patch turned around", async () => {
  patchFile("one.patch", fixed);
  const series = join(folder, "series-back");
  writeFileSync(series, "one.patch -p1 -R\n");
  const { exitCode, stderr } = await build("--series", series);
  assert.equal(exitCode, 64);
  assert.match(
    stderr,
    /"-R" behind the name of a patch is unknown\n +where: +.*series-back, line 1/,
  );
});

buildTest("xsplice build leaves no report of a payload that could not be written", async (t) => {
  const place = emptyFolder(t);
  const patch = patchFile("fix.patch", fixed);
  const { exitCode, stderr } = await build("--patch", patch, "-o", place);
  assert.match(stderr, /\nCannot write ".*": it is a directory\n/);
  assert.equal(exitCode, 1);
  assert.ok(!existsSync(`${place}.json`));
});

buildTest("xsplice build --explain shows a function on both sides", async () => {
  const patch = patchFile("fix.patch", fixed);
  const { exitCode, stdout } = await build("--patch", patch, "--explain", "kernel");
  assert.equal(exitCode, 0);
  assert.match(stdout, /\nkernel of common\/kernel\.o\n {2}before +after\n/);
  assert.match(stdout, /\n\| +\+0x[0-9a-f]+: add /);
  const unknown = await build("--patch", patch, "--explain", "kernal");
  assert.equal(unknown.exitCode, 1);
  assert.match(unknown.stderr, /Cannot explain "kernal".*\n.*did you mean kernel\?/);
});

const misuses: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [["build"], /"xsplice build": --source, --xen-syms, --config and --patch are missing\n/],
  [["build", "--source", "x", "--patch", "x"], /: --xen-syms and --config are missing\n/],
  [
    ["build", "--source", "x", "--xen-syms", "x", "--config", "x"],
    /: --patch is missing\n +expected: --patch FILE \(or --series\): a source patch\n/,
  ],
];

for (const [args, message] of misuses) {
  test(`xsplice ${args.join(" ")} says what is missing`, async () => {
    const { exitCode, stderr } = await runXsplice(args);
    assert.equal(exitCode, 64);
    assert.match(stderr, message);
  });
}

buildTest("xsplice build refuses numbers of jobs, pairs and files that are none", async () => {
  const patch = patchFile("fix.patch", fixed);
  for (const [option, value, message] of [
    ["--jobs", "many", /Cannot use "many" for --jobs/],
    ["--meta", "team", /Cannot use "team" for --metadata/],
    ["--depends", "/nowhere", /Cannot read "\/nowhere": there is no such file/],
    ["--patch", "/nowhere", /Cannot read "\/nowhere": there is no such file/],
  ] as const) {
    const { exitCode, stderr } = await build("--patch", patch, option, value);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, message);
  }
});

buildTest("xsplice build says what is wrong with a place for the payload", async () => {
  const patch = patchFile("fix.patch", fixed);
  for (const place of ["/dev/null/fix", "/proc/1/none/fix"]) {
    const { exitCode, stderr } = await build("--patch", patch, "-o", place);
    assert.equal(exitCode, 64);
    assert.match(stderr, /^Cannot write to "\/.*fix": there is no directory "\/.*"\n/);
  }
});

test("xsplice build leaves alone what it is made from", async () => {
  const patch = patchFile("own.patch", fixed);
  const link = join(folder, "link.patch");
  symlinkSync(patch, link);
  for (const place of [patch, link, xenSyms, config]) {
    const before = readFileSync(place);
    const { exitCode, stderr } = await build("--patch", patch, "-o", place);
    assert.equal(exitCode, 64);
    assert.match(stderr, /Cannot write to ".*": it would overwrite ".*", which it is made from/);
    assert.deepEqual(readFileSync(place), before);
  }
});

buildTest("xsplice build puts nothing beside a device that it writes to", async () => {
  const { exitCode, stdout } = await build(
    "--patch",
    patchFile("fix.patch", fixed),
    "-o",
    "/dev/null",
  );
  assert.equal(exitCode, 0);
  assert.doesNotMatch(stdout, /^report /m);
  assert.ok(!existsSync("/dev/null.json"));
});
