// `xsplice build` and `compile` as a user asks for modes and guards: payloads made from files of other
// payloads, what is printed of it, and wrong use.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createTwoFilesPatch } from "diff";
import { linkHypervisor } from "../src/builder/build.test.support.ts";
import { makeSmallXen, smallXen } from "../src/xen-make/small-xen.test.support.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";
import { buildTest } from "./why-no-build.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-cli-modes-"));
const cleanups: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const small = makeSmallXen({ after: (work) => cleanups.push(work) });
const inFolder = (name: string) => join(folder, name);
writeFileSync(inFolder("xen-syms"), linkHypervisor());
writeFileSync(inFolder("xen.config"), "CONFIG_LIVEPATCH=y\n");

const file = "xen/common/kernel.c";
const kernel = smallXen[file] ?? "";
const texts = [
  kernel,
  kernel.replace("{ return wide()", "{ static int calls; calls++; return wide() + 40"),
  kernel.replace("{ return wide()", "{ static int calls; calls += 2; return wide() + 40"),
] as const;
const patches = [0, 1].map((index) => {
  const [old = "", text = ""] = [texts[index], texts[index + 1]];
  const path = inFolder(`${index + 1}.patch`);
  writeFileSync(path, createTwoFilesPatch(`a/${file}`, `b/${file}`, old, text));
  return path;
});
const [one = "", two = ""] = patches;

function build(output: string, ...args: readonly string[]): Promise<CliRun> {
  const xen = ["--xen-syms", inFolder("xen-syms"), "--config", inFolder("xen.config")];
  const env = { XDG_CACHE_HOME: small.cacheHome, PATH: process.env["PATH"] ?? "" };
  const command = ["build", "--source", small.source, ...xen, "-o", inFolder(output), ...args];
  return runXsplice(command, { env });
}

buildTest(
  "xsplice build --on needs nothing but the payload's file, and says what it is on",
  async () => {
    assert.equal((await build("one", "--patch", one)).exitCode, 0);
    const { exitCode, stdout, stderr } = await build(
      "two",
      "--patch",
      two,
      "--on",
      inFolder("one"),
    );
    assert.equal(exitCode, 0, stderr);
    assert.match(
      stdout,
      /\nmode {6}stack\non {8}.*one, [0-9a-f]{40}\nguard {5}full: Xen compares \d+ bytes/,
    );
    const { stacking, functions } = JSON.parse(readFileSync(inFolder("two.json"), "utf8"));
    assert.deepEqual(stacking.below[0].patches, ["1.patch"]);
    assert.deepEqual(stacking.unchecked, []);
    assert.ok(
      stacking.guard.unguarded.some(({ reason }: { reason: string }) => reason === "jump-below"),
    );
    assert.deepEqual(functions[0].patches, ["2.patch"]);
  },
);

buildTest(
  "xsplice build --previous tells what starts afresh, and refuses until it may",
  async () => {
    await build("old", "--patch", one, "--mode", "cumulative");
    const args = [
      "--patch",
      one,
      "--patch",
      two,
      "--mode",
      "cumulative",
      "--previous",
      inFolder("old"),
    ];
    const refused = await build("new", ...args);
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stdout, /\nvariable "kernel\.c#calls" \(fresh-data\)\n/);
    assert.match(
      refused.stdout,
      /\nprevious {2}.*old: 0 newly patched, 2 patched again, 0 unchanged, 0 no longer patched\n/,
    );
    const allowed = await build("new", ...args, "--allow-fresh-data", "calls");
    assert.equal(allowed.exitCode, 0);
    assert.match(allowed.stdout, /\nwarning: variable kernel\.c#calls\.\d+ of ".*old" is reset\n/);
    assert.match(allowed.stdout, /\nreplaces {2}kernel, \d+ → \d+ bytes \(1\.patch, 2\.patch\): /);
  },
);

buildTest("xsplice build on a bare build-id says what was not checked", async () => {
  const id = "ab".repeat(20);
  const refused = await build("on-id", "--patch", one, "--depends", id);
  assert.equal(refused.exitCode, 1);
  assert.match(
    refused.stderr,
    /Cannot build on a build-id alone: what that payload changed is not known/,
  );
  const { exitCode, stdout } = await build(
    "on-id",
    "--patch",
    one,
    "--depends",
    id,
    "--guard",
    "none",
  );
  assert.equal(exitCode, 0);
  assert.match(stdout, /\nunchecked {2}the payload below is known by its build-id only: /);
  assert.match(stdout, /\nunchecked {2}no old code is compared/);
});

test("xsplice compile --mode independent carries the old code", async () => {
  const source = inFolder("fix.c");
  writeFileSync(source, "int kernel(void) { return 5; }\n");
  const output = inFolder("compiled");
  const { exitCode, stderr } = await runXsplice([
    ...["compile", source, "--xen-syms", inFolder("xen-syms"), "-o", output],
    ...["--mode", "independent"],
  ]);
  assert.equal(exitCode, 0, stderr);
  const { stdout } = await runXsplice(["inspect", output]);
  assert.match(stdout, / kernel\S* (.* )?is only checked/);
  assert.match(stdout, /\n {2}mode=independent\n {2}guard=full\n/);
});

for (const [args, expected] of [
  [
    ["--mode", "sideways"],
    /Cannot use "sideways" for --mode: .*\n.*stack, cumulative, independent/,
  ],
  [["--guard", "some"], /Cannot use "some" for --guard: .*\n.*full, entry, none/],
  [["--previous", "x"], /only a cumulative payload takes the place of another/],
] as const) {
  test(`xsplice build ${args.join(" ")} is wrong use`, async () => {
    const { exitCode, stderr } = await build("none", "--patch", one, ...args);
    assert.equal(exitCode, 64);
    assert.match(stderr, expected);
  });
}
