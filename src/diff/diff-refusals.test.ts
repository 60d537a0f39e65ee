// What no payload can carry, each with the name of its rule. As in diff-objects.test.ts, a case is a
// small file before and after a patch.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readElf } from "../elf/read.ts";
import {
  checkDiffs,
  compileBytes,
  fileAround,
  flavours,
  noinline,
  summaryOf,
  testOptions,
  testPolicy,
  twoFlavours,
} from "./diff.test.support.ts";
import { diffObjects } from "./diff-objects.ts";

const ownSections = flavours.slice(0, 2);
const init = (body: string): string =>
  `extern int g; __attribute__((section(".init.text"), noinline)) void setup(void) { ${body} }`;
const chain = (value: number): string => `
  struct ops { int a, b; };
  static const struct ops one_ops = {${value}, 2}, two_ops = {3, 4};
  static const struct ops *const all[] = {&one_ops, &two_ops}, *current;
  ${noinline} void choose(int x) { current = all[x & 1]; }
  ${noinline} int f(int x) { return outside(current->a + x); }`;
const f = (body: string): string => `${noinline} int f(int x) { ${body} }`;

checkDiffs(
  [
    {
      name: "refuses a changed initial value of a variable",
      before: "int v = 1; int f(void) { return v; }",
      after: "int v = 2; int f(void) { return v; }",
      expected: { outcome: "refused", replaced: [], refused: [`data-initial-value variable "v"`] },
    },
    {
      name: "refuses a changed size of a variable",
      before: "int v[4]; int f(int i) { return v[i]; }",
      after: "int v[8]; int f(int i) { return v[i]; }",
      expected: { outcome: "refused", refused: [`data-size variable "v"`] },
    },
    {
      name: "refuses a variable that is aligned more strictly",
      before: "__attribute__((aligned(8))) int v[4]; int f(int i) { return v[i]; }",
      after: "__attribute__((aligned(64))) int v[4]; int f(int i) { return v[i]; }",
      expected: { outcome: "refused", refused: [`data-alignment variable "v"`] },
      flavours: ownSections,
    },
    {
      name: "refuses a variable that is aligned more strictly beside others of its section",
      before: `__attribute__((section(".data.x"))) int v = 1;
        __attribute__((section(".data.x"))) int w = 2; int f(void) { return v + w; }`,
      after: `__attribute__((section(".data.x"), aligned(256))) int v = 1;
        __attribute__((section(".data.x"))) int w = 2; int f(void) { return v + w; }`,
      expected: { outcome: "refused", refused: [`data-alignment section ".data.x"`] },
    },
    {
      name: "refuses a function that is aligned more strictly, and nothing else",
      before: fileAround(f("return outside(x) + 5;")),
      after: fileAround(`__attribute__((aligned(64))) ${f("return outside(x) + 5;")}`),
      expected: { outcome: "refused", refused: [`code-alignment function "f"`] },
      flavours: ownSections,
    },
    {
      name: "carries a changed function at the place that it asks for",
      before: fileAround(f("return outside(x) + 5;")),
      after: fileAround(`__attribute__((aligned(64))) ${f("return outside(x) + 6;")}`),
      expected: { outcome: "patchable", replaced: ["f"], refused: [] },
    },
    {
      name: "refuses a constant table whose address goes elsewhere",
      before: fileAround(`extern void keep(const int *); static const int table[] = {1, 2, 3, 5};
      ${f("keep(table); return table[x & 3] + outside(x);")}`),
      after: fileAround(`extern void keep(const int *); static const int table[] = {1, 2, 3, 4};
      ${f("keep(table); return table[x & 3] + outside(x);")}`),
      expected: { outcome: "refused", refused: [`read-only-escapes constant "table"`] },
    },
    {
      name: "refuses a constant table that other files can read",
      before: fileAround(`const int table[] = {1, 2, 3, 5}; ${f("return table[x & 3];")}`),
      after: fileAround(`const int table[] = {1, 2, 3, 4}; ${f("return table[x & 3];")}`),
      expected: { outcome: "refused", refused: [`read-only-shared constant "table"`] },
    },
    {
      name: "carries a global constant table that no other file reads",
      before: fileAround(`const int table[] = {1, 2, 3, 5}; ${f("return table[x & 3];")}`),
      after: fileAround(`const int table[] = {1, 2, 3, 4}; ${f("return table[x & 3];")}`),
      options: { isUsedElsewhere: (name) => name !== "table" },
      expected: { outcome: "patchable", replaced: ["f"], added: ["table"] },
    },
    {
      name: "refuses a constant whose address is read from a constant table",
      before: fileAround(chain(1)),
      after: fileAround(chain(7)),
      expected: { outcome: "refused", refused: [`read-only-escapes constant "one_ops"`] },
    },
    {
      name: "refuses that a variable goes with its state while a new one comes",
      before: fileAround(`static int owners[4]; ${f("return outside(owners[x & 3]++);")}`),
      after: fileAround(`static int holders[4]; ${f("return outside(holders[x & 3]++);")}`),
      expected: { outcome: "refused", refused: [`data-lost variable "owners"`] },
    },
    {
      name: "takes that a variable goes which the author allows to be lost",
      before: fileAround(`static int owners[4]; ${f("return outside(owners[x & 3]++);")}`),
      after: fileAround(`static int holders[4]; ${f("return outside(holders[x & 3]++);")}`),
      options: { allowedLost: new Set(["owners"]) },
      expected: { outcome: "patchable", replaced: ["f"], added: ["holders"] },
    },
    {
      name: "takes that a variable goes where no other comes",
      before: fileAround(`static int owners[4]; ${f("return outside(owners[x & 3]++);")}`),
      after: fileAround(f("return outside(x & 3);")),
      expected: { outcome: "patchable", replaced: ["f"] },
    },
    {
      name: "refuses init functions that changed",
      before: init("g = 1;"),
      after: init("g = 2;"),
      expected: { outcome: "refused", refused: [`init-code function "setup"`] },
    },
    {
      name: "takes init functions that the author allows to change",
      before: init("g = 1;"),
      after: init("g = 2;"),
      options: { allowedInit: new Set(["setup"]) },
      expected: { outcome: "unchanged", refused: [] },
    },
    {
      name: "refuses new references to what is freed after boot",
      before: fileAround(`${init("g = 1;")} ${f("return outside(x);")}`),
      after: fileAround(`${init("g = 1;")} ${f("setup(); return outside(x);")}`),
      expected: { outcome: "refused", refused: [`init-reference function "f"`] },
    },
    {
      name: "refuses a new per-CPU variable",
      before: fileAround(f("return outside(x) + 3;")),
      after: fileAround(`__attribute__((section(".bss.percpu"))) int per;
      ${f("return outside(x) + 3 + per;")}`),
      expected: { outcome: "refused", replaced: ["f"], refused: [`per-cpu variable "per"`] },
    },
    {
      name: "refuses a change in a section that nobody knows",
      before: `__attribute__((section(".strange"), used)) static int s = 1;`,
      after: `__attribute__((section(".strange"), used)) static int s = 2;`,
      expected: { outcome: "refused", refused: [`unsupported-section variable "s"`] },
    },
    {
      name: "refuses a function that is too small for the jump",
      before: "void f(void) { } extern void h(void);",
      after: "extern void h(void); void f(void) { h(); h(); }",
      expected: { outcome: "refused", refused: [`too-small function "f"`] },
    },
    {
      name: "refuses functions that the policy calls unsafe",
      before: fileAround(f("return outside(x);")),
      after: fileAround(f("return outside(x + 1);")),
      options: {
        policy: {
          ...testPolicy,
          unsafeFunctions: [{ name: /^f$/, file: /file\.c$/, reason: "it is in the way" }],
        },
      },
      expected: { outcome: "refused", refused: [`unsafe-path function "f"`] },
    },
    {
      name: "refuses that a function goes whose address was handed out",
      before:
        fileAround(`extern void hook(int (*)(int)); ${noinline} static int k(int x) { return outside(x); }
      ${f("hook(k); return outside(x);")}`),
      after:
        fileAround(`extern void hook(int (*)(int)); ${noinline} static int m(int x) { return outside(x) + 1; }
      ${f("hook(m); return outside(x);")}`),
      expected: { outcome: "refused", replaced: ["f"], refused: [`held-address function "k"`] },
    },
    {
      name: "refuses a static variable that may be one of several",
      before: fileAround(f("static int count; return outside(count += x);")),
      after:
        fileAround(`${noinline} static int k(int x) { static int count; return count += x * 5; }
      ${noinline} static int m(int x) { static int count; return count += x; }
      ${f("return outside(k(x) + m(x));")}`),
      expected: {
        outcome: "refused",
        replaced: ["f"],
        refused: [`ambiguous function "k"`, `ambiguous function "m"`],
      },
    },
  ],
  twoFlavours,
);

const twins = (second: string): string => `
  .text\n .globl f, h\n .type f,@function\n .type h,@function
  f: mov $1,%eax\n nop\n ret\n .size f,.-f
  ${second}\n .size h,6`;

test("diffObjects() refuses that what had two names becomes two things, and the reverse", () => {
  const object = (text: string): ReturnType<typeof readElf> =>
    readElf(compileBytes(text, [], "file.S"), "file.S");
  const [one, two] = [object(twins(".set h, f")), object(twins("h: mov $2,%eax\n ret"))];
  const rulesOf = (left: typeof one, right: typeof one): readonly string[] =>
    summaryOf(diffObjects(left, right, testOptions)).refused;
  assert.deepEqual(rulesOf(one, two), [`alias function "h"`]);
  assert.deepEqual(rulesOf(two, one), [`alias function "f"`]);
});

/** A loop over an array, as the compiler writes it, with another variable behind the array. */
function walk(step: number, between: string): ReturnType<typeof readElf> {
  const text = `
    .section .data.read_mostly,"aw"
    .type array,@object\n.size array,16\narray: .fill 16
    ${between}
    .type last,@object\n.size last,8\nlast: .quad 1
    .text
    .type walk,@function
    walk: lea array(%rip),%rax\n lea array+16(%rip),%rdx
    1: addl $${step},(%rax)\n add $4,%rax\n cmp %rdx,%rax\n jne 1b\n ret
    .size walk,.-walk`;
  return readElf(compileBytes(text, [], "file.S"), "file.S");
}

test("diffObjects() refuses the end of an array that a new variable may have moved", () => {
  const fresh = ".type fresh,@object\n.size fresh,8\nfresh: .quad 2\n";
  const options = testOptions;
  assert.deepEqual(summaryOf(diffObjects(walk(1, ""), walk(2, ""), options)).replaced, ["walk"]);
  const { refused } = summaryOf(diffObjects(walk(1, ""), walk(1, fresh), options));
  assert.deepEqual(refused, [`ambiguous function "walk"`]);
});

const asm = (body: string): ReturnType<typeof readElf> =>
  readElf(compileBytes(`.text\n.globl entry\nentry: ${body}\n ret\n`, [], "file.S"), "file.S");

test("diffObjects() refuses assembly whose symbol has no length", () => {
  const diff = diffObjects(asm("nop"), asm("pause"), testOptions);
  assert.deepEqual(summaryOf(diff).refused, [`assembly assembly "entry"`]);
});

/** As entry code has them: two thunks in a section of their own, behind what `place` says. */
function thunks(place: string, between = ".balign 16"): string {
  return `.section .text.thunks, "ax", @progbits
    ${place}
    .globl first, second
    .type first, @function
    first: jmp *%rax
    .size first, . - first
    ${between}
    .type second, @function
    second: jmp *%rcx
    .size second, . - second`;
}

const compared = (before: string, after: string) => {
  const [left, right] = [before, after].map((text) =>
    readElf(compileBytes(text, [], "thunks.S"), "thunks.o"),
  );
  assert.ok(left !== undefined && right !== undefined);
  return summaryOf(diffObjects(left, right, testOptions));
};

test("diffObjects() refuses another place of assembly, by alignment or by filling", () => {
  const before = thunks(".balign 16");
  const moved: readonly (readonly [text: string, rule: string])[] = [
    [thunks(".balign 64\n.skip 32, 0xcc"), `code-alignment function "first"`],
    [thunks(".balign 64"), `code-alignment section ".text.thunks"`],
    [thunks(".balign 16", ".balign 16\n.skip 16, 0xcc"), `code-alignment function "second"`],
    [thunks(".balign 16", ".balign 16, 0xcc"), `code-alignment section ".text.thunks"`],
  ];
  for (const [after, refused] of moved) {
    const summary = compared(before, after);
    assert.equal(summary.outcome, "refused", after);
    assert.ok(summary.refused.includes(refused), JSON.stringify(summary));
  }
  assert.equal(compared(before, before).outcome, "unchanged");
  // Less filling than before puts nothing at a place that it did not have.
  assert.equal(compared(thunks(".balign 64"), before).outcome, "unchanged");
});
