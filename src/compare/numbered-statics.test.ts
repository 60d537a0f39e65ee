// Static variables of one name, with the debug information that tells them apart and without it: real
// objects of gcc, whose numbers are its own. A wrong pair would take the state of one for another's.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiffOptions } from "../diff/comparison.ts";
import {
  compile,
  diffTexts,
  fileAround,
  flavours,
  noinline,
  testPolicy,
} from "../diff/diff.test.support.ts";
import { diffObjects, type ObjectDiff } from "../diff/diff-objects.ts";
import { findStaticHomes } from "../dwarf/static-homes.ts";

const inlined = "static inline __attribute__((always_inline))";
const counted = (name: string, step: string): string =>
  `${noinline} int ${name}(int x) { static int count; return outside(count += ${step}); }`;

const options: DiffOptions = { policy: testPolicy, findHomes: findStaticHomes };
const compileFlags = (debug: string): readonly string[] => [...(flavours[0] ?? []), debug];

/** Of the patch of a text, in all flavours; each must give the same. */
function compare(before: string, after: string, debug: "-g" | "-g0"): readonly string[] {
  const all = flavours.map((flags) => {
    const diff = diffTexts({
      before: fileAround(before),
      after: fileAround(after),
      flags: [...flags, debug],
      options,
    });
    return summaryOf(diff);
  });
  for (const other of all) assert.deepEqual(other, all[0]);
  return all[0] ?? [];
}

/** `replaces f`, `count of f is count of f`, `ambiguous: function "f"`; sorted. */
function summaryOf({ replaced, refusals, comparison }: ObjectDiff): readonly string[] {
  const [homeBefore, homeAfter] = [comparison.before, comparison.after].map(({ object }) =>
    findStaticHomes(object),
  );
  const variables = [...comparison.correlation.pairs()].flatMap(([before, after]) => {
    const [symbol, partner] = [before.symbols[0], after.symbols[0]];
    if (before.kind !== "data" || symbol === undefined || partner === undefined) return [];
    return [
      `count of ${homeBefore?.(symbol)?.functionName} is count of ${homeAfter?.(partner)?.functionName}`,
    ];
  });
  const told = [
    ...replaced.map(({ after }) => `replaces ${after.name}`),
    ...variables,
    ...refusals.map(({ disposition, what }) => `${disposition.rule}: ${what}`),
  ];
  return [...new Set(told)].sort();
}

/** Two functions with a `count` each are inlined, and the patch calls them in the other order. */
const calls = (order: string): string => `
  ${inlined} int a(int x) { static int count; return outside(count += x) + 1; }
  ${inlined} int b(int x) { static int count; return outside(count += x) + 1; }
  int f(int x) { return ${order}; }`;

test("diffObjects() sees that inlined functions changed places, though the bytes are the same", () => {
  assert.deepEqual(compare(calls("a(x) * 3 + b(x)"), calls("b(x) * 3 + a(x)"), "-g"), [
    "count of a is count of a",
    "count of b is count of b",
    "replaces f",
  ]);
});

test("diffObjects() refuses inlined functions that may have changed places", () => {
  const found = compare(calls("a(x) * 3 + b(x)"), calls("b(x) * 3 + a(x)"), "-g0");
  assert.deepEqual(found, ['ambiguous: function "f"', "replaces f"]);
});

test("diffObjects() never takes the only variable that a function uses for the one that it used", () => {
  const k = `${inlined} int k(int x) { static int count; return outside(count += x) + 5; }`;
  const before = counted("f", "x * 3");
  const after = `${k} ${noinline} int f(int x) { return k(x) + 1; }`;
  for (const debug of ["-g", "-g0"] as const) {
    const found = compare(before, after, debug);
    assert.deepEqual(found, ['ambiguous: function "f"', "replaces f"], debug);
  }
});

test("diffObjects() follows variables to their new numbers by the functions that they stand in", () => {
  const before = `${counted("f", "x")} ${counted("h", "x * 2")}`;
  const after = `${counted("e", "x * 7")} ${counted("f", "x")} ${counted("h", "x * 3")}`;
  assert.deepEqual(compare(before, after, "-g"), [
    "count of f is count of f",
    "count of h is count of h",
    "replaces h",
  ]);
});

test("diffObjects() tells who has no debug information how to get it", () => {
  const [plain, withDebug] = [compileFlags("-g0"), compileFlags("-g")];
  const text = (step: string) => fileAround(`${counted("f", "x")} ${counted("h", step)}`);
  for (const [before, after] of [
    [plain, plain],
    [plain, withDebug],
    [withDebug, plain],
  ] as const) {
    const diff = diffObjects(
      compile(text("x * 2"), before),
      compile(text("x * 3"), after),
      options,
    );
    assert.equal(diff.outcome, "refused");
    for (const { disposition } of diff.refusals) assert.match(disposition.remedy, /\(-g\)/);
  }
});
