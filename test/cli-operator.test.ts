// What tripped operators up, command by command.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { emitExample } from "../src/payload/emit/emit.test.support.ts";
import { FakeHost } from "./fake-host.ts";
import { runXsplice } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-operator-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("doctor --json has a remedy for what is missing, and for nothing else", async () => {
  const { stdout, exitCode } = await runXsplice(["doctor", "--json"], { env: { PATH: folder } });
  assert.equal(exitCode, 0);
  const checks = JSON.parse(stdout).jobs.flatMap((job: { checks: object[] }) => job.checks);
  const isMissing = (check: object) => !("found" in check);
  assert.ok(checks.some(isMissing) && !checks.every(isMissing));
  for (const check of checks) assert.equal("remedy" in check, isMissing(check), check.what);
});

const outputs: readonly (readonly [string, ...string[]])[] = [
  ["compile", "f.c", "--xen-syms", "x", "-o"],
  ["metrics", "--output"],
];
for (const [command, ...args] of outputs) {
  test(`xsplice ${command} makes no directory for what it writes`, async () => {
    const place = join(folder, "none", command);
    const run = await runXsplice([command, ...args, join(place, "out")], { host: new FakeHost() });
    assert.notEqual(run.exitCode, 0);
    assert.match(run.stderr, /there is no (such )?directory/);
    assert.ok(!existsSync(join(folder, "none")));
  });
}

for (const command of ["build", "compile"]) {
  test(`xsplice ${command} --help shows --metadata, and not its other name`, async () => {
    const help = (await runXsplice([command, "--help"])).stdout;
    assert.ok(help.includes("--metadata <KEY=VALUE>") && !/--meta\b/.test(help), help);
  });
}

test("xsplice compile takes --metadata and --meta", async () => {
  for (const spelling of ["--metadata", "--meta"]) {
    const run = await runXsplice(["compile", "f.c", "--xen-syms", "x", spelling, "team"]);
    assert.match(run.stderr, /Cannot use "team" for --metadata/, spelling);
  }
});

const PIECES = 100;
const piece = { oldName: "xen_h", bytes: new Uint8Array(31).fill(0x90) };
const guards = Array.from({ length: PIECES }, (_, index) => ({
  ...piece,
  label: `xen_h+${index * 31}`,
  oldOffset: index * 31,
}));

test("xsplice inspect of a guarded payload shows one line for what is only checked, --all shows all", async () => {
  const path = join(folder, "guarded.livepatch");
  writeFileSync(path, emitExample({ guards }).bytes);
  const short = await runXsplice(["inspect", path]);
  assert.equal(short.exitCode, 0, short.stderr);
  const lines = short.stdout.split("\n").filter((line) => line.includes("is only checked"));
  assert.equal(lines.length, 1, short.stdout);
  assert.match(lines[0] ?? "", /in 100 pieces of 3,?100 bytes together; --all shows them/);
  const [replaced, checked] = ["is replaced by", "is only checked"].map((words) =>
    short.stdout.indexOf(words),
  );
  assert.ok((replaced ?? 0) < (checked ?? 0), "what is replaced comes first");
  const all = (await runXsplice(["inspect", path, "--all"])).stdout;
  assert.equal(all.split("is only checked").length, PIECES + 1);
});
