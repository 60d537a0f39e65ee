// Tables that belong to functions: Xen's alternatives, exception table, fix-ups and bug frames, made
// here by the same kind of inline assembly.

import assert from "node:assert/strict";
import { test } from "node:test";
import { carryChanges } from "./carry/carry.ts";
import {
  checkDiffs,
  diffTexts,
  fileAround,
  flavours,
  noinline,
  summaryOf,
  twoFlavours,
} from "./diff.test.support.ts";

const alternative = (feature: number, replacement: string): string => `
  asm volatile ("1: .byte 0x0f,0x1f,0x00\\n2:\\n"
    ".pushsection .altinstructions,\\"a\\"\\n .long 1b-., 3f-.\\n .word ${feature}\\n"
    " .byte 2b-1b, 4f-3f, 0, 0\\n.popsection\\n"
    ".pushsection .altinstr_replacement,\\"ax\\"\\n3: ${replacement}\\n4:\\n.popsection");`;

const mayFault = (constant: number): string => `
  asm volatile ("1: mov (%0), %%eax\\n2:\\n"
    ".pushsection .fixup,\\"ax\\"\\n3: mov $${constant}, %%eax\\n jmp 2b\\n.popsection\\n"
    ".pushsection .ex_table,\\"a\\"\\n .long 1b-., 3b-.\\n.popsection" :: "r" (p) : "eax");`;

const bug = (line: number): string => `
  asm volatile ("1: ud2\\n.pushsection .bug_frames.2,\\"a\\"\\n2:\\n"
    ".long (1b - 2b) + %c0, (%c1 - 2b) + %c2\\n.popsection"
    :: "i" (${line >> 7} << 24), "i" ("file.c"), "i" (${line & 127} << 24));`;

const f = (body: string): string => `${noinline} int f(int *p) { ${body} return outside(*p); }`;
const h = `${noinline} int h(int *p) { ${alternative(7, "lfence")} ${mayFault(1)} return outside(*p) * 2; }`;

const unchanged = { outcome: "unchanged", replaced: [], refused: [] } as const;
const changed = { outcome: "patchable", replaced: ["f"], added: [], refused: [] } as const;

checkDiffs(
  [
    {
      name: "leaves alternatives alone that are the same",
      before: fileAround(f(alternative(7, "lfence")) + h),
      after: fileAround(h + f(alternative(7, "lfence"))),
      expected: unchanged,
    },
    {
      name: "finds a change that is only in the feature of an alternative",
      before: fileAround(f(alternative(7, "lfence")) + h),
      after: fileAround(f(alternative(8, "lfence")) + h),
      expected: changed,
    },
    {
      name: "finds a change that is only in the replacement of an alternative",
      before: fileAround(f(alternative(7, "lfence")) + h),
      after: fileAround(f(alternative(7, "mfence")) + h),
      expected: changed,
    },
    {
      name: "finds an alternative that is new",
      before: fileAround(f('asm volatile (".byte 0x0f,0x1f,0x00");') + h),
      after: fileAround(f(alternative(7, "lfence")) + h),
      expected: changed,
    },
    {
      name: "finds a change that is only in a fix-up",
      before: fileAround(h + f(mayFault(1))),
      after: fileAround(h + f(mayFault(2))),
      expected: changed,
    },
    {
      name: "does not take the line of a bug frame for a change",
      before: fileAround(f(bug(100)) + h),
      after: fileAround(f(bug(300)) + h),
      expected: unchanged,
    },
  ],
  twoFlavours,
);

test("diffObjects() tells a table entry's place and the line of a bug frame", () => {
  const [flags] = flavours;
  const tables = diffTexts({
    before: fileAround(f(alternative(7, "lfence"))),
    after: fileAround(f(alternative(8, "lfence"))),
    flags,
  });
  assert.match(
    tables.replaced[0]?.reasons.join() ?? "",
    /section \.altinstructions entry for \+0x/,
  );
  const lines = diffTexts({
    before: fileAround(f(bug(100))),
    after: fileAround(f(bug(300))),
    flags,
  });
  const rules = lines.ledger.map(({ what, disposition }) => [what, disposition]);
  assert.deepEqual(rules, [['function "f"', { kind: "no-effect", rule: "line-number" }]]);
});

const report = (line: number, more = ""): string => `extern void say(const char *, int);
  ${noinline} void f(void) { ${more} say("here", ${line}); }`;

test("diffObjects() takes a constant for a line only when the caller says so", () => {
  const texts = { before: fileAround(report(200)), after: fileAround(report(203)) };
  for (const flags of flavours) {
    assert.deepEqual(summaryOf(diffTexts({ ...texts, flags })).replaced, ["f"]);
    const asked: unknown[] = [];
    const isSameLine = (...line: readonly unknown[]): boolean => asked.push(line) > 0;
    const diff = diffTexts({ ...texts, flags, options: { isSameLine } });
    assert.equal(diff.outcome, "unchanged");
    assert.deepEqual(asked, [[200, 203, "f", { callee: "say", texts: ["here"] }]]);
    assert.match(diff.ledger[0]?.reasons[0] ?? "", /line 200 → 203 at \+0x/);
  }
});

test("diffObjects() does not take a second difference for a line as well", () => {
  const [before, after] = [report(200), report(203, "say(0, 0);")];
  const diff = diffTexts({ before, after, options: { isSameLine: () => true } });
  assert.equal(diff.outcome, "patchable");
});

/** `a` and `b` have an alternative of no code; whichever order the compiler likes, one is right before. */
function aroundMiddle(middle: string, step: number): string {
  const around = ["a", "b"].map((name) => {
    return `${noinline} int ${name}(int *p) { *p += ${step}; ${alternative(7, "")} return outside(*p); }`;
  });
  return fileAround([around[0], middle, around[1]].join(""));
}

const middle = (attributes: string, step: number): string => `
  ${attributes} int middle(int *p) { *p += ${step}; ${alternative(7, "jmp 9f")}
    asm volatile ("nop; 9: nop"); return outside(*p); }`;

test("diffObjects() takes an alternative of no code for no pointer into the function behind it", () => {
  for (const flags of flavours) {
    const [before, after] = [1, 2].map((step) => aroundMiddle(middle(noinline, step), 1));
    const diff = diffTexts({ before: before ?? "", after: after ?? "", flags });
    assert.deepEqual(summaryOf(diff), { ...changed, replaced: ["middle"] });
  }
});

test("diffObjects() carries an alternative of no code without what the code behind it refers to", () => {
  const init = '__attribute__((section(".init.text")))';
  for (const flags of flavours) {
    const [before, after] = [1, 2].map((step) => aroundMiddle(middle(init, 1), step));
    const diff = diffTexts({ before: before ?? "", after: after ?? "", flags });
    assert.deepEqual(summaryOf(diff), { ...changed, replaced: ["a", "b"] });
    const { draft } = carryChanges(diff, ({ name }) => name);
    const section = draft.sections.find(({ name }) => name === ".altinstr_replacement");
    assert.ok(section !== undefined && section.relocations.length === 0);
  }
});

/** A fix-up that a second instruction enters behind its first one. */
const entersInside = (constant: number): string => `
  asm volatile ("1: mov (%0), %%eax\\n2: add 4(%0), %%eax\\n3:\\n"
    ".pushsection .fixup,\\"ax\\"\\n4: xor %%eax, %%eax\\n5: sub $${constant}, %%eax\\n jmp 3b\\n.popsection\\n"
    ".pushsection .ex_table,\\"a\\"\\n .long 1b-., 4b-., 2b-., 5b-.\\n.popsection" :: "r" (p) : "eax");`;

test("diffObjects() carries a fix-up that is entered in the middle as a whole, and no other one", () => {
  const h = `${noinline} int h(int *p) { ${entersInside(9)} return outside(*p) * 2; }`;
  for (const flags of flavours) {
    const { carried, outcome } = diffTexts({
      before: fileAround(h + f(entersInside(1))),
      after: fileAround(h + f(entersInside(2))),
      flags,
    });
    assert.equal(outcome, "patchable");
    const sizes = [...carried.keys()]
      .filter(({ section }) => section.name === ".fixup")
      .map(({ size }) => size);
    assert.deepEqual(sizes, [2 + 3 + 5], flags.join(" "));
  }
});
