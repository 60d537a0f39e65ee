// A scalar that becomes a structure of just that scalar, as an integer becomes an atomic_t: memory is the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, NEW } from "./layout.test.support.ts";

/** `struct domain: same-representation`, `variable "x": refused`; both ways must give the same. */
function verdictsOf(text: string, old: string, fixed: string): readonly string[] {
  const [there, back] = [
    [old, fixed],
    [fixed, old],
  ].map(([before = "", after = ""]) =>
    compare(text.replaceAll(NEW, before), text.replaceAll(NEW, after)).map(
      ({ type, verdict }) => `${type}: ${"rule" in verdict ? verdict.rule : verdict.kind}`,
    ),
  );
  assert.deepEqual(there, back);
  return there ?? [];
}

const types = `typedef unsigned int u32; typedef struct { int counter; } atomic_t; struct other { int n; };
  typedef struct { unsigned long mfn; } mfn_t; enum mode { OFF, ON };
  struct wide { int n; } __attribute__((aligned(8))); struct two { short a, b; }; struct none {};
  atomic_t known1; mfn_t known2; struct wide known3; struct two known4; struct other known5; enum mode known6;`;
const global = (member = NEW): string =>
  `${types} struct domain { long id; ${member}; char last; } first; int f(void) { return first.last; }`;
const variable = `${types} static ${NEW}; void *f(void) { return (void *)&x; }`;

const same: Readonly<Record<string, readonly [old: string, fixed: string]>> = {
  "a structure without a name": ["u32 x", "struct { u32 v; } x"],
  atomic_t: ["int x", "atomic_t x"],
  "atomic_t that was volatile": ["volatile int x", "atomic_t x"],
  "a structure in a structure": ["unsigned long x", "struct { mfn_t m; } x"],
  "another structure of the same scalar": ["mfn_t x", "struct { unsigned long y; } x"],
  "elements of an array": ["int x[4]", "atomic_t x[4]"],
  "an enum": ["enum mode x", "struct { enum mode m; } x"],
  "a pointer": ["struct other *x", "struct { struct other *p; } x"],
  "a part of a structure without a name": [
    "struct { u32 x; char y; } x",
    "struct { struct { u32 v; } x; char y; } x",
  ],
};

for (const [name, [old, fixed]] of Object.entries(same)) {
  test(`judgeLayouts() takes a scalar that becomes ${name} for the same, and back`, () => {
    assert.deepEqual(verdictsOf(variable, old, fixed), ['variable "x": same-representation']);
    assert.deepEqual(verdictsOf(global(), old, fixed), ["struct domain: same-representation"]);
  });
}

const bits = (names: string): string =>
  `union { unsigned long raw; struct { unsigned int lo, hi; }; struct { _Bool ${names}; }; }`;

test("judgeLayouts() takes a number of which one more bit has a name for the same, and back", () => {
  const [old, fixed] = [bits("a:1, b:1, :1, d:1"), bits("a:1, b:1, c:1, d:1, e:1")];
  assert.deepEqual(verdictsOf(global(`${NEW} x`), old, fixed), [
    "struct domain: same-representation",
  ]);
  const body = (text: string): string => text.replace("union", "");
  assert.deepEqual(
    verdictsOf(
      `${types} union caps ${NEW} all; int f(void) { return all.raw; }`,
      body(old),
      body(fixed),
    ),
    ["union caps: same-representation"],
  );
});

const otherBits: Readonly<Record<string, readonly [old: string, fixed: string]>> = {
  "a bit has another place": [bits("a:1, b:1"), bits("b:1, a:1")],
  "a bit has another name": [bits("a:1, b:1"), bits("a:1, c:1")],
  "nothing shows it as a whole": [
    "union { unsigned int half; struct { unsigned long a:1; }; }",
    "union { unsigned int half; struct { unsigned long a:1, b:1; }; }",
  ],
};

for (const [name, [old, fixed]] of Object.entries(otherBits)) {
  test(`judgeLayouts() refuses a number of bits where ${name}`, () => {
    assert.deepEqual(verdictsOf(global(`${NEW} x`), old, fixed), ["struct domain: refused"]);
  });
}

const other: Readonly<Record<string, readonly [old: string, fixed: string]>> = {
  "of another sign": ["u32 x", "atomic_t x"],
  "of another kind": ["unsigned long x", "struct { void *p; } x"],
  "of another size": ["int x", "struct { short n; } x"],
  "with room behind it": ["int x", "struct wide x"],
  "of which only some bits are used": ["int x", "struct { int n : 8; } x"],
  "of all bits": ["int x", "struct { int n : 32; } x"],
  "beside another one": ["int x", "struct two x"],
  "that is a pointer to something else": ["struct other *x", "struct { atomic_t *p; } x"],
};

for (const [name, [old, fixed]] of Object.entries(other)) {
  test(`judgeLayouts() refuses a scalar that becomes a structure of one ${name}`, () => {
    assert.deepEqual(verdictsOf(variable, old, fixed), ['variable "x": refused']);
    assert.deepEqual(verdictsOf(global(), old, fixed), ["struct domain: refused"]);
  });
}

test("judgeLayouts() takes a structure of one scalar for another one of it, both with a name", () => {
  const text = `struct ${NEW}; } first; int f(void) { return sizeof(first); }`;
  const found = verdictsOf(text, "old { int n", "fresh { int count");
  assert.deepEqual(found, ['variable "first": same-representation']);
});

test("judgeLayouts() refuses a pointer to a scalar that becomes one to a structure", () => {
  const found = verdictsOf(global(), "int *x", "atomic_t *x");
  assert.deepEqual(found, ["struct domain: refused"]);
});

test("judgeLayouts() refuses what changes besides, and names only that", () => {
  const [old, fixed] = [global("int x"), global("atomic_t x; int more")];
  const [found] = compare(old, fixed);
  assert.equal(found?.verdict.kind, "refused");
  assert.deepEqual(found.changes, ['"more" is new (offset 12, int)']);
});

test("judgeLayouts() says what is stored in the same way", () => {
  const [found] = compare(global("int x"), global("atomic_t x"));
  assert.deepEqual(found?.changes, ['"x" is at offset 8, int → offset 8, atomic_t']);
  assert.match(found.verdict.kind === "refused" ? "" : found.verdict.why, /as the scalar is/);
});
