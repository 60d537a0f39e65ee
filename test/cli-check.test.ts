// `xsplice check` as it is typed, on a hypervisor of a few functions.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { goodPayload, idOf, OLD_CODE } from "../src/check/fixtures.test.support.ts";
import { ruleIds } from "../src/check/rules.ts";
import { syntheticXenSyms } from "../src/xen-model/synthetic.test.support.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-cli-check-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const xenSyms = file("xen-syms", syntheticXenSyms());
const good = file("good.livepatch", goodPayload());
const foreign = file("foreign.livepatch", goodPayload({ id: "22", xenDepends: idOf("99") }));
const blind = file(
  "blind.livepatch",
  goodPayload({ id: "33", entries: [{ old: "beta", by: "new_beta" }] }),
);

const check = (...args: readonly string[]): Promise<CliRun> =>
  runXsplice(["check", ...args, "--xen-syms", xenSyms]);

test("xsplice check ends with 0 for a payload with nothing wrong, and says what it does", async () => {
  const { exitCode, stdout, stderr } = await check(good);
  assert.equal(exitCode, 0);
  assert.equal(stderr, "");
  assert.match(stdout, /^1\. apply "good" \(.*good\.livepatch\): accepted$/m);
  assert.match(stdout, /^ {3}newly patched: alpha at 0xffff82d040200000$/m);
  assert.match(stdout, /^Clean: Xen accepts it, and no rule objects$/m);
});

test("xsplice check ends with 2 when Xen would refuse, and says at which step and why", async () => {
  const { exitCode, stdout } = await check(foreign);
  assert.equal(exitCode, 2);
  assert.match(stdout, /"foreign" .* refused at upload with EINVAL \(22\)/);
  assert.match(stdout, /because: +it was made for another hypervisor build/);
  assert.match(stdout, /console: +\(XEN\) livepatch: foreign: check against hypervisor build-id/);
});

test("xsplice check ends with 3 for hazards alone, and with 0 when they are allowed", async () => {
  const found = await check(blind);
  assert.equal(found.exitCode, 3);
  assert.match(found.stdout, /hazard expectation-missing: no old code of "beta" is compared/);
  const allowed = await check(blind, "--allow", "expectation-missing");
  assert.equal(allowed.exitCode, 0);
  assert.match(allowed.stdout, /hazard expectation-missing \(allowed\)/);
  assert.match(allowed.stdout, /^Clean: .*; allowed: expectation-missing$/m);
});

test("xsplice check --json prints the whole report as one document", async () => {
  const { exitCode, stdout } = await check(good, blind, "--nodeps", "--json");
  assert.equal(exitCode, 3);
  const report = JSON.parse(stdout);
  assert.equal(report.outcome, "hazards");
  assert.equal(report.hypervisor.release, "4.17.5");
  const [lower, upper] = report.payloads;
  assert.deepEqual(lower.verdict, { kind: "accepted" });
  assert.equal(lower.effects[0].before.length, 32);
  assert.equal(upper.hazards[0].rule, "expectation-missing");
});

test("xsplice check --release judges by the rules of that release", async () => {
  const { exitCode, stdout } = await check(good, "--release", "4.17.1");
  assert.equal(exitCode, 3);
  assert.match(stdout, /the hypervisor crashes at apply/);
  assert.match(stdout, /crash read-only-functions/);
});

test("xsplice check --action replace lets the last payload take the place of the others", async () => {
  const entries = [{ old: "beta", by: "new_beta", expectation: OLD_CODE }];
  const other = file("other.livepatch", goodPayload({ id: "44", entries }));
  const { exitCode, stdout } = await check(good, other, "--action", "replace");
  assert.equal(exitCode, 0);
  assert.match(stdout, /^2\. replace "other"/m);
  assert.match(stdout, /^ {3}reverted: alpha/m);
});

test("xsplice check takes a compressed xen-syms, and two files of one name", async () => {
  const compressed = file("xen-syms.gz", gzipSync(syntheticXenSyms()));
  const { exitCode, stdout } = await runXsplice(["check", good, good, "--xen-syms", compressed]);
  assert.equal(exitCode, 2);
  assert.match(stdout, /^2\. apply "good-2" .*EEXIST \(17\)/m);
});

test("xsplice check --explain tells about every rule", async () => {
  for (const id of ruleIds) {
    const { exitCode, stdout } = await runXsplice(["check", "--explain", id]);
    assert.equal(exitCode, 0);
    assert.ok(stdout.startsWith(`${id}: `), id);
  }
  const { stdout } = await runXsplice(["check", "--explain", "null-symbol", "--json"]);
  assert.equal(JSON.parse(stdout).releases, "4.7.0 to 4.7.3, 4.8.0 to 4.8.1, 4.9.0");
});

const wrongUses: readonly (readonly [args: readonly string[], problem: RegExp])[] = [
  [["check"], /PAYLOAD and --xen-syms are missing/],
  [["check", good], /--xen-syms is missing/],
  [["check", good, "--xen-syms", xenSyms, "--allow", "no-rule"], /no such rule/],
  [["check", "--explain", "toString"], /no such rule/],
  [
    ["check", good, "--xen-syms", xenSyms, "--action", "revert"],
    /"revert" for --action: there is no such action/,
  ],
  [["check", good, "--xen-syms", xenSyms, "--release", "new"], /Cannot read "new" as a release/],
];

for (const [args, problem] of wrongUses) {
  test(`xsplice ${args.slice(0, 1).concat(args.slice(-2)).join(" ").replaceAll(folder, "")} is wrong use`, async () => {
    const { exitCode, stderr, stdout } = await runXsplice(args);
    assert.equal(exitCode, 64);
    assert.equal(stdout, "");
    assert.match(stderr, problem);
  });
}

test("xsplice check ends with 1 for files that are none, or no hypervisor", async () => {
  const missing = await check(join(folder, "nothing"));
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /there is no such file/);
  const wrong = await runXsplice(["check", good, "--xen-syms", good]);
  assert.equal(wrong.exitCode, 1);
  assert.match(wrong.stderr, /Cannot model the hypervisor/);
});

test("xsplice check tells when --release is not what the file says", async () => {
  const { exitCode, stdout } = await check(good, "--release", "4.20.1");
  assert.equal(exitCode, 0);
  assert.match(stdout, /^Xen 4\.20\.1 \(by --release; the file says 4\.17\.5\) of /);
  assert.doesNotMatch((await check(good, "--release", "4.17.5")).stdout, /--release/);
});

test("xsplice check tells how a xen-syms is damaged", async () => {
  const whole = syntheticXenSyms();
  const damaged: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["empty", new Uint8Array(), /it is empty/],
    ["cut", whole.subarray(0, whole.length - 100), /cut short: it has \d+ bytes, and .* ends at/],
    ["cut.gz", gzipSync(whole).subarray(0, 300), /compressed data are damaged, or cut short/],
    ["text", Buffer.from("no hypervisor".repeat(9)), /it is not a little-endian ELF64 file/],
  ];
  for (const [name, bytes, words] of damaged) {
    const { exitCode, stderr } = await runXsplice([
      ...["check", good, "--xen-syms", file(name, bytes)],
    ]);
    assert.equal(exitCode, 1, name);
    assert.match(stderr, words, name);
  }
});

test("xsplice check guesses which rule was meant", async () => {
  const { exitCode, stderr } = await check(good, "--allow", "one-wy");
  assert.equal(exitCode, 64);
  assert.match(stderr, /did you mean "one-way"\?/);
});
