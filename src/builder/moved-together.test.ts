// What only all objects of a fix, all its patches, or all of the hypervisor tell of a variable that goes
// in one file while one comes in another.

import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { readPayloadBelow } from "../running/payload-below.ts";
import { buildFix } from "./build.ts";
import {
  buildMove,
  dataOf,
  type Edits,
  header,
  kernel,
  needsOf,
  patchOf,
  refusalsOf,
  small,
  start,
  user,
} from "./moved-state.test.support.ts";

const moved: Edits = {
  [user]: [["static int calls", "extern int calls"]],
  [start]: [["int start", "int calls;\nint start"]],
};
const goes: Edits = {
  [user]: [
    ["static int begun = 5;\n", ""],
    ["begun++", "n"],
  ],
};
const comes: Edits = {
  [kernel]: [
    ["int kernel(int n) { return n", "static int fresh;\nint kernel(int n) { return ++fresh"],
  ],
};

buildTest("buildFix() finds nothing to patch where a variable only changes its file", async () => {
  const fix = await buildMove(moved);
  assert.deepEqual([fix.outcome, refusalsOf(fix)], ["unchanged", []]);
  const rules = fix.findings.objects.flatMap(({ diff }) =>
    diff.ledger.flatMap(({ what, disposition }) =>
      "rule" in disposition && disposition.rule === "defined-elsewhere" ? [what] : [],
    ),
  );
  assert.deepEqual(rules, ['variable "calls"', 'variable "calls"']);
});

buildTest("buildFix() asks whether one variable of each file may become one of all", async () => {
  const fix = await buildMove({
    [header]: [["static int each", "extern int each"]],
    [start]: [["int start", "int each;\nint start"]],
  });
  assert.deepEqual(refusalsOf(fix), ['data-lost: variable "each"', 'data-lost: variable "each"']);
});

buildTest(
  "buildFix() brings a variable anew when the author allows it, and only that one",
  async () => {
    const edits: Edits = { ...goes, ...comes };
    const refused = await buildMove(edits);
    assert.deepEqual(refusalsOf(refused), ['data-lost: variable "begun"']);
    assert.match(refused.refusals[0]?.reasons.join() ?? "", /"fresh" of common\/kernel\.o/);
    const allowed = await buildMove(edits, ["begun"]);
    assert.deepEqual([refusalsOf(allowed), dataOf(allowed)], [[], ["kernel.c#fresh"]]);
  },
);

buildTest("buildFix() takes what two patches of a series do for two things", async () => {
  const build = (...all: readonly Edits[]) => {
    const patches = all.map((edits, index) => patchOf(edits, `${index}.patch`));
    return buildFix(small.options({}, { inputs: { patches } }));
  };
  assert.deepEqual(dataOf(await build(goes, comes)), ["kernel.c#fresh"]);
  const namesake: Edits = {
    [kernel]: [
      ["int kernel(int n) { return n", "static int begun = 5;\nint kernel(int n) { return ++begun"],
    ],
  };
  assert.deepEqual(refusalsOf(await build(goes, namesake)), ['data-lost: variable "begun"']);
});

buildTest("buildFix() refuses to give a name of the hypervisor to something else", async () => {
  const fix = await buildMove({
    [user]: [
      ["int level;\n", "static int level;\n"],
      ["++level", "(level += 2)"],
    ],
    [start]: [["extern int level;\nstatic int calm;", "int level;\nstatic int calm;"]],
  });
  assert.deepEqual(refusalsOf(fix), ['moved-between-files: variable "level"']);
});

buildTest("buildFix() carries an init function that run-time code needs now", async () => {
  const fix = await buildMove({
    [user]: [
      [
        'static __attribute__((noinline, section(".init.text"))) int once(int n) { return n + early',
        "int once(int n) { return n + 9",
      ],
      ["int help(int n) { return helper(n)", "int boot(int);\nint help(int n) { return boot(n)"],
      ['__attribute__((section(".init.text"))) int boot', "int boot"],
    ],
    [kernel]: [
      ["int kernel(int n) { return n", "int once(int);\nint kernel(int n) { return once(n)"],
    ],
  });
  const needs = needsOf(fix);
  assert.ok(!["boot", "once", "user.c#once"].some((name) => needs.includes(name)), needs.join());
  const map = fix.payload?.symbolMap ?? [];
  const brought = map.flatMap(({ kind, sourceName }) => (kind === "function" ? [sourceName] : []));
  assert.deepEqual(brought.sort(), ["boot", "once"]);
  const guarded = fix.payload?.guards.guards.map(({ oldName }) => oldName) ?? [];
  assert.ok(!guarded.includes("user.c#once"), guarded.join());
});

buildTest(
  "buildFix() compares and guards a static function that another file calls now",
  async () => {
    const fix = await buildMove({
      [user]: [
        ["static __attribute__((noinline)) int helper", "__attribute__((noinline)) int helper"],
      ],
      [kernel]: [
        ["int kernel(int n) { return n", "int helper(int);\nint kernel(int n) { return helper(n)"],
      ],
    });
    needsOf(fix);
    const labels = fix.payload?.guards.guards.map(({ oldName }) => oldName) ?? [];
    assert.ok(labels.includes("user.c#helper"), labels.join());
  },
);

buildTest("buildFix() finds what a payload below gave another name", async () => {
  const below: Edits = {
    [user]: [
      ["static int calls", "extern int calls"],
      ["++calls", "(calls += 2)"],
      ["int level;\n", ""],
      ["++level", "n"],
    ],
    [start]: [
      ["extern int level", "int calls;\nstatic int level"],
      ["--level", "(level -= 2)"],
    ],
  };
  const one = (await buildMove(below)).payload ?? assert.fail();
  const foundation = { payloads: [readPayloadBelow(one.bytes, "one")], buildId: undefined };
  const build = async (edits: Edits) => {
    const inputs = { patches: [patchOf(edits, "next.patch", below)] };
    return needsOf(await buildFix(small.options({}, { inputs, stacking: { foundation } })));
  };
  const third = "extern int calls;\nint kernel(int n) { return calls";
  const elsewhere = await build({ [kernel]: [["int kernel(int n) { return n", third]] });
  assert.ok(elsewhere.includes("user.c#calls"), elsewhere.join());
  const again = await build({ [start]: [["(level -= 2)", "(level -= calls)"]] });
  assert.ok(
    ["level", "user.c#calls"].every((name) => again.includes(name)),
    again.join(),
  );
});
