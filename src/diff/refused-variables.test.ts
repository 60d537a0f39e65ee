// What no payload can carry of variables and constants, each with the name of its rule. As in
// diff-objects.test.ts, a case is a small file before and after a patch.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ElfObject } from "../elf/object.ts";
import {
  assemble,
  checkDiffs,
  f,
  fileAround,
  noinline,
  ownSections,
  summaryOf,
  testOptions,
  twoFlavours,
} from "./diff.test.support.ts";
import { diffObjects } from "./diff-objects.ts";

const chain = (value: number): string => `
  struct ops { int a, b; };
  static const struct ops one_ops = {${value}, 2}, two_ops = {3, 4};
  static const struct ops *const all[] = {&one_ops, &two_ops}, *current;
  ${noinline} void choose(int x) { current = all[x & 1]; }
  ${noinline} int f(int x) { return outside(current->a + x); }`;

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
      // As the table of parameters in hypfs: "init" stands in none of its names, and it stays after boot.
      name: "refuses an entry of a list that the linker collects, and does not call it freed at boot",
      before: `struct entry { char *text; int size; }; char text[32];
        __attribute__((used, section(".data.paramhypfs"))) struct entry e = { text, sizeof(text) };
        char f(int i) { return text[i]; }`,
      after: `struct entry { char *text; int size; }; char text[64];
        __attribute__((used, section(".data.paramhypfs"))) struct entry e = { text, sizeof(text) };
        char f(int i) { return text[i]; }`,
      expected: {
        outcome: "refused",
        refused: [`data-size variable "text"`, `unsupported-section variable "e"`],
      },
    },
    {
      name: "names the new variable alone where it aligns the section of another one more strictly",
      before: `__attribute__((section(".bss.percpu"))) int per; int f(void) { return per; }`,
      after: `__attribute__((section(".bss.percpu"))) long more;
        __attribute__((section(".bss.percpu"))) int per; int f(void) { return per + more; }`,
      expected: { outcome: "refused", refused: [`per-cpu variable "more"`] },
    },
    {
      name: "refuses a variable of zeros in another section that is aligned more strictly",
      before: `int v; ${f("return outside(v++);")}`,
      after: `__attribute__((section(".data.x"), aligned(64))) int v; ${f("return outside(v++);")}`,
      expected: { outcome: "refused", refused: [`data-initial-value variable "v"`] },
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

/** A loop over an array, as the compiler writes it, with another variable behind the array. */
function walk(step: number, between: string): ElfObject {
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
  return assemble(text);
}

test("diffObjects() refuses the end of an array that a new variable may have moved", () => {
  const fresh = ".type fresh,@object\n.size fresh,8\nfresh: .quad 2\n";
  const options = testOptions;
  assert.deepEqual(summaryOf(diffObjects(walk(1, ""), walk(2, ""), options)).replaced, ["walk"]);
  const { refused } = summaryOf(diffObjects(walk(1, ""), walk(1, fresh), options));
  assert.deepEqual(refused, [`ambiguous function "walk"`]);
});
