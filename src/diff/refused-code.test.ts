// What no payload can carry of code, each with the name of its rule. As in
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
  testPolicy,
  twoFlavours,
} from "./diff.test.support.ts";
import { diffObjects } from "./diff-objects.ts";

const init = (body: string): string =>
  `extern int g; __attribute__((section(".init.text"), noinline)) void setup(void) { ${body} }`;

checkDiffs(
  [
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
      name: "takes unsafe functions that the author allows",
      before: fileAround(f("return outside(x);")),
      after: fileAround(f("return outside(x + 1);")),
      options: {
        policy: { ...testPolicy, unsafeFunctions: [{ name: /^f$/, reason: "it is in the way" }] },
        allowedUnsafe: new Set(["f"]),
      },
      expected: { outcome: "patchable", replaced: ["f"], refused: [] },
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
  ],
  twoFlavours,
);

const twins = (second: string): string => `
  .text\n .globl f, h\n .type f,@function\n .type h,@function
  f: mov $1,%eax\n nop\n ret\n .size f,.-f
  ${second}\n .size h,6`;

test("diffObjects() refuses that what had two names becomes two things, and the reverse", () => {
  const [one, two] = [assemble(twins(".set h, f")), assemble(twins("h: mov $2,%eax\n ret"))];
  const rulesOf = (left: typeof one, right: typeof one): readonly string[] =>
    summaryOf(diffObjects(left, right, testOptions)).refused;
  assert.deepEqual(rulesOf(one, two), [`alias function "h"`]);
  assert.deepEqual(rulesOf(two, one), [`alias function "f"`]);
});

const asm = (body: string): ElfObject => assemble(`.text\n.globl entry\nentry: ${body}\n ret\n`);

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
  const [left, right] = [assemble(before), assemble(after)];
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
