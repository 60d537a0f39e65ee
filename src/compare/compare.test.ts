import assert from "node:assert/strict";
import { test } from "node:test";
import { xenSectionPolicy } from "../diff/xen-policy.ts";
import { compareObjects } from "./compare.ts";
import { compile } from "./compile.test.support.ts";

const policy = xenSectionPolicy({ major: 4, minor: 17, point: 5 }, "x86_64", []);

function compare(before: Uint8Array, after: Uint8Array) {
  const pair = { object: "f.o", sources: ["f.c"], command: "gcc", dependencies: ["f.c"] };
  const [compared] = compareObjects(
    {
      pairs: [{ ...pair, before, levels: [before], after }],
      changes: { lines: {}, texts: new Map(), levels: [], contributions: [] },
    },
    { policy, allowedInit: new Set() },
  );
  return compared ?? assert.fail("one pair, one result");
}

test("compareObjects() finds nothing in a pair of the same bytes, and still knows its functions", () => {
  const object = compile("struct s { int a; }; int f(struct s *p) { return p->a; }");
  const { diff, layoutChanges, compiler } = compare(object, Buffer.from(object));
  assert.equal(diff.outcome, "unchanged");
  assert.deepEqual([diff.ledger, layoutChanges], [[], []]);
  assert.ok(diff.comparison.after.atoms.some(({ name }) => name === "f"));
  assert.match(compiler.producers.join(), /GNU C/);
});

test("compareObjects() finds a type that differs where the code does not", () => {
  const before = compile("struct s { int a; }; int f(struct s *p) { return p->a; }");
  const after = compile("struct s { int a, b; }; int f(struct s *p) { return p->a; }");
  const { diff, layoutChanges } = compare(before, after);
  assert.equal(diff.outcome, "unchanged");
  assert.deepEqual(
    layoutChanges.map(({ type }) => type),
    ["struct s"],
  );
});
