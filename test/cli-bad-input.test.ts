// What bad input gets: one clear message each, the right exit code, nothing sent to the host.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HostError } from "../src/host/errors.ts";
import { FakeHost } from "./fake-host.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";
import { makeStockPayload } from "./stock-payload.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-bad-input-"));
after(() => rmSync(folder, { recursive: true }));

const host = new FakeHost();
const good = makeStockPayload({
  code: 'const char *xsplice_test_extra(void) { return ".test"; }',
  functions: [{ name: "xen_extra_version", oldSize: 12, by: { symbol: "xsplice_test_extra" } }],
  xenBuildId: host.buildId,
});
const elsewhere = makeStockPayload({
  code: 'const char *xsplice_test_extra(void) { return ".test"; }',
  functions: [{ name: "xen_extra_version", oldSize: 12, by: { symbol: "xsplice_test_extra" } }],
  xenBuildId: "22".repeat(20),
});

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function otherMachine(): Uint8Array {
  const bytes = good.slice();
  bytes[18] = 243; // e_machine: EM_RISCV
  return bytes;
}

function random(): Uint8Array {
  // A fixed sequence, so that a failure comes again.
  return Uint8Array.from({ length: 4096 }, (_, index) => (index * index * 31 + index * 7) % 251);
}

mkdirSync(join(folder, "directory"));

const cases: readonly (readonly [what: string, path: string, message: RegExp])[] = [
  ["a truncated ELF", file("truncated", good.subarray(0, good.length - 100)), /Cannot read/],
  ["an ELF of another machine", file("machine", otherMachine()), /RISCV|machine/],
  ["a random file", file("random", random()), /Cannot read .*random/],
  ["an empty file", file("empty", new Uint8Array()), /Cannot read .*empty/],
  ["a directory", join(folder, "directory"), /it is a directory/],
  ["3 MB", file("large", new Uint8Array(3_000_000)), /it has 3000000 bytes\n +expected: 2097152/],
  ["a file that is not there", join(folder, "absent"), /there is no such file/],
  ["another hypervisor", file("elsewhere", elsewhere), /another hypervisor[\s\S]+2222/],
];

function expectRefused(run: CliRun, message: RegExp): void {
  assert.equal(run.exitCode, 1, run.stderr);
  assert.match(run.stderr, message);
  assert.match(run.stderr, /^ {2}(where|expected|remedy): /m, "it says more than what");
  assert.doesNotMatch(run.stderr, /\bat .*\.js:\d+/, "no stack trace");
}

for (const [what, path, message] of cases) {
  test(`upload of ${what} is refused with its reason`, async () => {
    expectRefused(await runXsplice(["upload", "fix", path], { host }), message);
    assert.deepEqual(host.uploads, []);
  });

  test(`load of ${what} is refused with its reason`, async () => {
    expectRefused(await runXsplice(["load", path], { host }), message);
    assert.deepEqual(host.uploads, []);
  });

  test(`upload --json of ${what} is an error document`, async () => {
    const run = await runXsplice(["upload", "fix", path, "--json"], { host });
    const { error } = JSON.parse(run.stdout);
    assert.match(error.code, /^(elf|payload|file)\//);
    assert.equal(run.exitCode, 1);
  });
}

test("upload of a good payload is completed", async () => {
  const calm = new FakeHost();
  const run = await runXsplice(["upload", "fix", file("good", good)], { host: calm });
  assert.deepEqual(run, {
    stdout: `Uploading ${file("good", good)}... completed\n`,
    stderr: "",
    exitCode: 0,
  });
  assert.deepEqual(calm.uploads[0]?.bytes, good);
});

test("upload under a name that is taken says so, with the stock error", async () => {
  const calm = new FakeHost().put("fix", { kind: "checked" });
  const run = await runXsplice(["upload", "fix", file("good", good)], { host: calm });
  assert.equal(run.stdout, `Uploading ${file("good", good)}... failed\n`);
  assert.match(run.stderr, /^Error 17: File exists\nCannot upload "fix"/);
  assert.equal(run.exitCode, 1);
});

test("load uploads, applies, and is named after the file", async () => {
  const calm = new FakeHost();
  const path = file("fix-1.2.livepatch", good);
  const run = await runXsplice(["load", path], { host: calm });
  const stdout = `Uploading ${path}... completed\nApplying fix-1.2... completed\n`;
  assert.deepEqual(run, { stdout, stderr: "", exitCode: 0 });
});

test("load unloads again what cannot be applied", async () => {
  const calm = new FakeHost();
  const failure = new HostError({ code: "host/refused", problem: "Cannot apply" }, { errno: 22 });
  calm.failures.set("apply", failure);
  const path = file("fix.livepatch", good);
  const run = await runXsplice(["load", path], { host: calm });
  const said = ["Applying fix... failed", "Unloading fix... completed", ""];
  assert.equal(run.stdout, [`Uploading ${path}... completed`, ...said].join("\n"));
  assert.equal(run.exitCode, 1);
  assert.equal(calm.payloads.size, 0);
});

test("load says that what it could not apply stays loaded, and why", async () => {
  const host = new FakeHost();
  const failure = new HostError({ code: "host/refused", problem: "Cannot apply" }, { errno: 22 });
  const busy = new HostError({ code: "host/refused", problem: "Cannot unload" }, { errno: 16 });
  host.failures.set("apply", failure).set("unload", busy);
  const { stderr, exitCode } = await runXsplice(["load", file("fix.livepatch", good)], { host });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^warning: payload "fix" stays loaded: Cannot unload\n[\s\S]*Cannot apply/m);
});

test("inspect shows what is in a payload", async () => {
  const run = await runXsplice(["inspect", file("good", good)]);
  assert.equal(run.exitCode, 0);
  assert.match(run.stdout, /xen_extra_version .*is replaced by/);
  const json = await runXsplice(["inspect", file("good", good), "--json"]);
  assert.equal(JSON.parse(json.stdout).functions[0].name, "xen_extra_version");
});

test("inspect of what is no payload is refused with its reason", async () => {
  expectRefused(await runXsplice(["inspect", file("random", random())]), /Cannot read/);
});
