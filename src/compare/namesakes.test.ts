// Several static variables of one name in one function, as `warned` in each branch of a function that
// works around errata. Each has a first value of its own here, by which the tests say which one is meant.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiffOptions } from "../diff/comparison.ts";
import { compile, fileAround, flavours, noinline, testPolicy } from "../diff/diff.test.support.ts";
import { diffObjects } from "../diff/diff-objects.ts";
import type { IsSameLine } from "../diff/line-rule.ts";
import { findStaticHomes } from "../dwarf/static-homes.ts";

/** `1 is 1` for each pair of variables, and the rules of what is refused; the same in all flavours. */
function pairsOf(
  before: string,
  after: string,
  known: Partial<Pick<DiffOptions, "isSameLine" | "isTextKept">> = {},
): readonly string[] {
  const all = flavours.map((flags) => {
    const [old, fixed] = [before, after].map((text) => compile(fileAround(text), [...flags, "-g"]));
    assert.ok(old && fixed);
    const options = { policy: testPolicy, findHomes: findStaticHomes, ...known };
    const { comparison, refusals } = diffObjects(old, fixed, options);
    const pairs = [...comparison.correlation.pairs()].filter(([{ kind }]) => kind === "data");
    const told = pairs.map(([one, other]) => `${one.bytes?.[0]} is ${other.bytes?.[0]}`);
    return [...told.sort(), ...new Set(refusals.map(({ disposition }) => disposition.rule))];
  });
  for (const other of all) assert.deepEqual(other, all[0]);
  return all[0] ?? [];
}

const block = (condition: string, value: number, work = "outside(7);"): string =>
  `if (${condition}) { static char warned = ${value}; if (!warned++) ${work} }`;
const withF = (...parts: readonly string[]): string =>
  `extern int h(int), k(int); ${noinline} int f(int x) { ${parts.join("\n")} return outside(x); }`;
const [a, b] = [block("g & 1", 1), block("h(x) == 3", 2)];
const bothKept = ["1 is 1", "2 is 2"];

const nested = (more = ""): string =>
  withF(`if (g) { static char warned = 1; warned++; outside(7);
    if (x) { static char warned = 2; k(warned++); ${more} } }`);
const inlined = (more = ""): string =>
  `extern int h(int), k(int); static inline __attribute__((always_inline)) int i(int x) { ${a} ${b} return 3; }
   ${noinline} int f(int x) { i(x); ${more} i(x + 1); return outside(x); }`;
const withE = (...parts: readonly string[]): string =>
  `${withF(...parts)} int e(int x) { ${block("x", 3)} ${block("!g", 4)} return ${parts.length}; }`;

const kept: Readonly<Record<string, readonly [before: string, after: string]>> = {
  "something comes after them": [withF(a, b), withF(a, b, "outside(9);")],
  "something comes between them": [withF(a, b), withF(a, "outside(9);", b)],
  "they are declared on one line": [withF(a + b), withF(a + b, "outside(9);")],
  "one is declared inside the block of the other": [nested(), nested("k(4);")],
  "their function is inlined at two places": [inlined(), inlined("k(4);")],
};

for (const [name, [before, after]] of Object.entries(kept)) {
  test(`diffObjects() tells namesakes of one function apart when ${name}`, () => {
    assert.deepEqual(pairsOf(before, after), bothKept);
  });
}

test("diffObjects() tells namesakes apart in each of two functions", () => {
  const found = pairsOf(withE(a, b), withE(a, b, "outside(9);"));
  assert.deepEqual(found, [...bothKept, "3 is 3", "4 is 4"]);
});

const [p, q] = ["int p = h(1), q = h(2);", "int p = h(2), q = h(1);"];
const doubtful: Readonly<Record<string, readonly [before: string, after: string]>> = {
  "their conditions are exchanged": [withF(a, b), withF(block("h(x) == 3", 1), block("g & 1", 2))],
  "their blocks are exchanged": [withF(a, b), withF(b, a)],
  "one goes and another comes": [withF(a, b), withF(b, block("x == 4", 3))],
  "one goes and another comes that looks alike": [
    withF(block("x == 3", 1), block("x == 4", 2)),
    withF(block("x == 4", 2), block("x == 5", 3)),
  ],
  "what their conditions ask is exchanged": [
    withF(p, block("p", 1), block("q", 2)),
    withF(q, block("p", 1), block("q", 2)),
  ],
  "what is done when they are zero is exchanged": [
    withF(block("g & 1", 1, "k(1);"), `else ${block("h(x) == 3", 2, "k(2);")}`),
    withF(block("g & 1", 1, "k(2);"), `else ${block("h(x) == 3", 2, "k(1);")}`),
  ],
  "a condition changes": [withF(a, b), withF(block("g & 2", 1), b)],
  "there is one more": [withF(a, b), withF(a, block("x", 3), b)],
};

for (const [name, [before, after]] of Object.entries(doubtful)) {
  test(`diffObjects() refuses namesakes of one function when ${name}`, () => {
    assert.deepEqual(pairsOf(before, after), ["ambiguous"]);
  });
}

/** The patch moves all lines by two. */
const moved: IsSameLine = (before, after) => after === before + 2;
const withLines = (start: string, ...more: readonly string[]): string =>
  `${start} ${withF("\nk(__LINE__ + 1000);", `\n${a}`, "\nk(__LINE__ + 1000);", `\n${b}`, ...more)}`;

test("diffObjects() tells namesakes apart when numbers of lines moved between them", () => {
  const isSameLine: IsSameLine = (before, after, name) => {
    if (before > 1000) return moved(before - 1000, after - 1000, name);
    return moved(before, after, name);
  };
  const [before, after] = [withLines(""), withLines("\n\n", "outside(9);")];
  assert.deepEqual(pairsOf(before, after, { isSameLine }), bothKept);
  assert.deepEqual(pairsOf(before, after), ["ambiguous"]);
});

test("diffObjects() refuses namesakes when the patch has touched the declaration of one", () => {
  const [before, after] = [withF(a, b), `\n\n${withF(a, b, "outside(9);")}`];
  const line = fileAround(before).split("warned = 2")[0]?.split("\n").length;
  assert.deepEqual(pairsOf(before, after, { isSameLine: moved }), bothKept);
  const touched: IsSameLine = (old, fixed, name) => old !== line && moved(old, fixed, name);
  assert.deepEqual(pairsOf(before, after, { isSameLine: touched }), ["ambiguous"]);
});

/** The conditions of both are asked by a function that is inlined. */
const asking = (limit: string): string =>
  `extern int h(int); static inline __attribute__((always_inline)) int ask(int x) { return ${limit}; }
   ${noinline} int f(int x) { ${block("ask(x)", 1)} ${block("!ask(x + 1)", 2)} return outside(x); }`;

test("diffObjects() tells namesakes apart by their order in a text that the patch left alone", () => {
  const [before, after] = [asking("h(x) == 3"), asking("h(x + h(4)) > 3 || g == x")];
  const isTextKept: DiffOptions["isTextKept"] = ({ functionName }) => functionName === "f";
  assert.deepEqual(pairsOf(before, after), ["ambiguous"]);
  assert.deepEqual(pairsOf(before, after, { isTextKept: () => false }), ["ambiguous"]);
  assert.deepEqual(pairsOf(before, after, { isTextKept }), bothKept);
});

test("diffObjects() refuses namesakes that changed places, though each is the only one that a function uses", () => {
  const chosen = (one: string, other: string): string => `
    static inline __attribute__((always_inline)) int i(int c) {
      if (${one}) { static char warned = 1; return outside(warned++); }
      ${other} static char warned = 2; return outside(warned++); }
    ${noinline} int f(int x) { return i(1) + x; } ${noinline} int e(int x) { return i(0) * x; }`;
  assert.deepEqual(pairsOf(chosen("c", ""), chosen("!c", "")), ["ambiguous"]);
});
