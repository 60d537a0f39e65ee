import assert from "node:assert/strict";
import { test } from "node:test";
import { SectionFlag } from "../elf/constants.ts";
import { draftFrom } from "../elf/draft-from.ts";
import { readElf } from "../elf/read.ts";
import { writeElf } from "../elf/write.ts";
import {
  compileDraft,
  emitExample,
  emitInput,
  example,
} from "../payload/emit/emit.test.support.ts";
import { emitPayload } from "../payload/emit/emit.ts";
import type { EmitInput } from "../payload/emit/input.ts";
import { stockPayload, stockPayloadWith } from "../payload/stock.test.support.ts";
import { comparePayloads } from "./compare-payloads.ts";
import { describeComparison } from "./describe-comparison.ts";

function compare(before: Uint8Array, after: Uint8Array) {
  return comparePayloads(
    { bytes: before, source: "old.livepatch" },
    { bytes: after, source: "new.livepatch" },
  );
}

function emitC(c: string, replaced: readonly string[], more: Partial<EmitInput> = {}): Uint8Array {
  return emitPayload(emitInput(compileDraft({ c }), replaced, more)).bytes;
}

const base = emitExample().bytes;

test("comparePayloads() finds a payload identical with itself", () => {
  assert.equal(compare(base, base).outcome, "identical");
  assert.equal(compare(stockPayload(), stockPayload()).outcome, "identical");
});

test("comparePayloads() finds payloads the same whose code lies elsewhere and has other tags", () => {
  const shuffled = `static const int table[] = { 1, 2, 3 }; static int counter;
    extern int xen_helper(int); int f(int n); static int helper(int n);
    int g(int n) { return f(n) + 1; }
    __attribute__((noinline)) static int helper(int n) { return table[n] + counter++; }
    int f(int n) { return helper(n) + xen_helper(n); }`;
  const comparison = compare(base, emitC(shuffled, ["f", "g"]));
  assert.notEqual(comparison.before.buildId, comparison.after.buildId);
  assert.equal(comparison.outcome, "same", describeComparison(comparison));
  assert.equal(comparison.equalPieces, 5);
});

test("comparePayloads() names the first instruction that differs, in the function that has it", () => {
  const comparison = compare(base, emitC(example.c.replace("+ 1", "+ 7"), ["f", "g"]));
  assert.equal(comparison.outcome, "different");
  const changes = comparison.functions.map(({ name, change }) => `${change} ${name}`);
  assert.deepEqual(changes, ["equal xen_f", "changed xen_g"]);
  assert.match(
    comparison.functions[1]?.reasons[0] ?? "",
    /^instruction at .* differs: (lea|add) .*1.* → \1 .*7/,
  );
  assert.deepEqual(comparison.pieces, []);
});

test("comparePayloads() tells functions that only one of them replaces, and what comes with them", () => {
  const more = `${example.c} static int extra = 5; int h(int n) { return n + extra++; }`;
  const comparison = compare(base, emitC(more, ["f", "g", "h"]));
  assert.deepEqual(comparison.functions.at(-1)?.change, "added");
  assert.deepEqual(
    comparison.pieces.map(({ what, change }) => `${change} ${what}`),
    ['added variable "extra"'],
  );
  const text = describeComparison(compare(emitC(more, ["f", "g", "h"]), base));
  assert.match(text, /removed {2}xen_h\n/);
  assert.match(text, /removed {2}variable "extra"/);
  assert.match(text, /2 more, the same in both/);
});

test("comparePayloads() tells data that differs, with a name and without", () => {
  const c = (text: string, start: number) =>
    `int start = ${start}; const char *f(void) { return start++ ? "${text}" : "b"; }`;
  const named = compare(emitC(c("a", 3), ["f"]), emitC(c("a", 4), ["f"]));
  assert.deepEqual(
    named.pieces.map(({ what, reasons }) => `${what}: ${reasons.join()}`),
    ['variable "start": byte at +0x0 differs'],
  );
  assert.equal(named.functions[0]?.change, "equal");
  const nameless = compare(emitC(c("a", 3), ["f"]), emitC(c("z", 3), ["f"]));
  assert.equal(nameless.functions[0]?.change, "changed");
});

test("comparePayloads() tells what payloads say of themselves: dependencies, guards, old sizes", () => {
  const guard = {
    label: "xen_f+0x10",
    oldName: "xen_f",
    oldOffset: 16,
    bytes: Uint8Array.of(1, 2),
  };
  const changed = emitExample({
    depends: new Uint8Array(20).fill(9),
    guards: [guard],
    metadata: [["title", "another"]],
  }).bytes;
  const { facts, functions } = compare(base, changed);
  const told = facts.map(({ what }) => what);
  for (const what of ["depends", "metadata title", "guard xen_f+0x10 xen_f+16"]) {
    assert.ok(told.includes(what), `${what} in ${told.join(", ")}`);
  }
  assert.ok(functions.every(({ change }) => change === "equal"));
  const larger = compare(
    stockPayload(),
    stockPayloadWith({
      functions: [{ name: "xen_extra_version", oldSize: 99, by: { symbol: "stock_extra" } }],
    }),
  );
  assert.deepEqual(larger.functions[0]?.reasons, ["the old function has 12 → 99 bytes"]);
  assert.ok(larger.facts.some(({ what }) => what.startsWith("guard common/livepatch.c#get_name")));
});

test("comparePayloads() tells names for later payloads, where nothing else differs", () => {
  const c = (alias: string) => `int f(int n) { return n; } ${alias}`;
  const alias = 'extern int other(int) __attribute__((alias("g"))); int g(int n) { return n + 1; }';
  const plain = c("int g(int n) { return n + 1; }");
  const { facts, outcome } = compare(emitC(plain, ["f"]), emitC(c(alias), ["f"]));
  assert.equal(outcome, "different");
  assert.deepEqual(facts, [{ what: "brings other", before: undefined, after: "" }]);
});

test("comparePayloads() tells hooks by their kind and the functions that they call", () => {
  const { facts } = compare(
    stockPayload(),
    stockPayloadWith({ hooks: { preapply: ["stock_may_apply"] } }),
  );
  assert.deepEqual(facts, [
    { what: "load hook", before: "stock_loaded, stock_loaded", after: undefined },
  ]);
});

test("comparePayloads() compares what it can of a broken payload, and says what is broken", () => {
  const broken = stockPayload();
  const view = new DataView(broken.buffer);
  // sh_info of every section: relocations are for sections that do not exist.
  const start = Number(view.getBigUint64(40, true));
  for (let index = 1; index < view.getUint16(60, true); index++) {
    view.setUint32(start + index * 64 + 44, 0xffff, true);
  }
  const comparison = compare(stockPayload(), broken);
  assert.equal(comparison.outcome, "different");
  assert.ok(comparison.after.findings.length > 0);
  const text = describeComparison(comparison);
  assert.match(text, /Not compared\n {2}the code of the two payloads: /);
  assert.match(text, /What is wrong with the second\n {2}error: /);
});

test("comparePayloads() does not take a section of strings apart that is nothing but their ends", () => {
  const draft = draftFrom(readElf(base, "base"));
  draft.sections.push({
    name: ".rodata.str1.1",
    type: "SHT_PROGBITS",
    alignment: 1,
    entrySize: 1,
    flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_MERGE | SectionFlag.SHF_STRINGS,
    content: new Uint8Array(1_500_000),
    relocations: [],
  });
  const { codeUnread, outcome } = compare(base, writeElf(draft));
  assert.equal(outcome, "different");
  assert.match(codeUnread ?? "", /".rodata.str1.1": it has more than 200000 pieces/);
});

test("comparePayloads() refuses what claims to be no payload", () => {
  assert.throws(
    () => compare(base, new Uint8Array()),
    /Cannot read "new.livepatch" as a live patch/,
  );
});
