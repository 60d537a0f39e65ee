// What is in payloads, for people and for scripts: `xsplice inspect` and `xsplice diff`.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { emitExample } from "../src/payload/emit/emit.test.support.ts";
import { originPatch } from "../src/payload/made-from/origin.ts";
import { syntheticPayload, syntheticXenSyms } from "../src/xen-model/synthetic.test.support.ts";
import { runXsplice } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-inspect-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const reasons = [{ function: "xen_f", text: "calls new function helper" }];
const fix = file("fix.livepatch", emitExample({ reasons }).bytes);
const other = file("other.livepatch", emitExample({ metadata: [["title", "other"]] }).bytes);

test("xsplice inspect shows why functions are replaced, and their code when it is asked for", async () => {
  const run = await runXsplice(["inspect", fix]);
  assert.equal(run.exitCode, 0, run.stderr);
  assert.match(run.stdout, /xen_f \(64 bytes\) is replaced by .*\n {6}because: calls new function/);
  assert.ok(!run.stdout.includes("New code"));
  const all = await runXsplice(["inspect", fix, "--disassemble"]);
  assert.match(all.stdout, /New code of xen_f \(\d+ bytes\)\n {2}\+0x0: /);
  assert.match(all.stdout, /Code of function helper/);
  const one = await runXsplice(["inspect", fix, "--disassemble", "helper"]);
  assert.ok(one.stdout.includes("Code of function helper") && !one.stdout.includes("New code"));
});

test("xsplice inspect --disassemble of a function that is not there names those that are", async () => {
  const run = await runXsplice(["inspect", fix, "--disassemble", "nobody"]);
  assert.equal(run.exitCode, 64);
  assert.match(run.stderr, /no such function.*expected: xen_f, xen_g, helper/s);
});

test("xsplice inspect --disassemble teaches where FILE stands when it took it for the function", async () => {
  const run = await runXsplice(["inspect", "--disassemble", fix]);
  assert.equal(run.exitCode, 64);
  assert.match(run.stderr, /--disassemble has taken "[^"]*fix\.livepatch": put FILE first/);
  const bare = await runXsplice(["inspect"]);
  assert.ok(!bare.stderr.includes("has taken"), bare.stderr);
});

test("xsplice inspect shows what a payload was made from, for people and for scripts", async () => {
  const patch = originPatch("patches/xsa1.patch", Uint8Array.of(0x2d));
  const digests = { source: "ab".repeat(32), config: "cd".repeat(32) };
  const origin = { ...digests, compiler: "gcc 12", patches: [patch] };
  const path = file("made.livepatch", emitExample({ origin }).bytes);
  const run = await runXsplice(["inspect", path]);
  const said = `Made from\n  source         ${origin.source}\n  configuration  ${origin.config}\n`;
  assert.ok(run.stdout.includes(said), run.stdout);
  assert.ok(run.stdout.includes(`\n  patch          ${patch.sha256}  xsa1.patch\n`), run.stdout);
  const json = JSON.parse((await runXsplice(["inspect", path, "--json"])).stdout);
  const { bytes: _, ...listed } = patch;
  assert.deepEqual(json.origin, { ...origin, patches: [listed] });
});

test("xsplice inspect --xen-syms shows the old code beside the new", async () => {
  const payload = { id: "01", entries: [{ old: "alpha", by: "new_alpha" }] } as const;
  const path = file("alpha.livepatch", syntheticPayload(payload));
  const syms = file("xen-syms", syntheticXenSyms());
  const run = await runXsplice(["inspect", path, "--xen-syms", syms]);
  assert.match(run.stdout, /New code of alpha \(1 byte, \d+ lines? of \d+ differs?\)/);
  assert.match(run.stdout, /\n {4}before +after\n {2}\| \+0x0: xor %eax,%eax/);
});

test("xsplice inspect --xen-syms says when the payload is made for another hypervisor", async () => {
  const syms = file("other-syms", syntheticXenSyms());
  const run = await runXsplice(["inspect", fix, "--xen-syms", syms]);
  assert.match(
    run.stdout,
    /old code is that of another hypervisor\n {2}given {5}a1a1.*\n {2}made for {2}0202/,
  );
});

test("xsplice inspect --json has code and tables besides", async () => {
  const run = await runXsplice(["inspect", fix, "--disassemble", "xen_f", "--json"]);
  const value = JSON.parse(run.stdout);
  assert.deepEqual(value.reasons, reasons);
  assert.deepEqual(value.tables, []);
  assert.equal(value.code[0].name, "xen_f");
  assert.match(value.code[0].instructions[0].bytes, /^([0-9a-f]{2})+$/);
  assert.deepEqual(value.findings, []);
});

test("xsplice diff ends with 0 for payloads that do the same and with 2 for others", async () => {
  const same = await runXsplice(["diff", fix, fix]);
  assert.deepEqual([same.exitCode, same.stdout.split("\n")[0]], [0, "The same file"]);
  const different = await runXsplice(["diff", fix, other]);
  assert.equal(different.exitCode, 2);
  assert.match(different.stdout, /metadata title: only the second: other/);
  const json = JSON.parse((await runXsplice(["diff", fix, other, "--json"])).stdout);
  assert.equal(json.outcome, "different");
  assert.deepEqual(json.functions[0], { name: "xen_f", change: "equal", reasons: [] });
});

test("xsplice diff tells which of the files is no payload", async () => {
  const none = file("none", new Uint8Array(100));
  const run = await runXsplice(["diff", fix, none]);
  assert.equal(run.exitCode, 1);
  assert.ok(run.stderr.includes(none));
});
