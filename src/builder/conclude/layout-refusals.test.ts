import assert from "node:assert/strict";
import { test } from "node:test";
import type { LayoutFinding } from "../../layout/layout.ts";
import type { Findings } from "../built-fix.ts";
import { refusalsBeforeLinking } from "./refusals.ts";

test("refusalsBeforeLinking() names three objects that use a type, and counts the others", () => {
  const where = (objects: readonly string[]) => {
    const layout: LayoutFinding = {
      type: "struct domain",
      objects,
      changes: ['"lock" is new'],
      moved: Array.from({ length: 18 }, (_, at) => `"m${at}" is 8 bytes further on`),
      room: undefined,
      verdict: { kind: "refused", why: "guests live in it" },
    };
    const findings = {
      prepared: { account: { ledger: [] }, changes: { texts: new Map() } },
      objects: [],
      fit: { layouts: [layout], refusals: [] },
    } as unknown as Findings;
    const [refusal] = refusalsBeforeLinking(findings, { mode: "stack", hooks: [] });
    // What moved only follows.
    assert.deepEqual(refusal?.reasons, ['"lock" is new', "guests live in it"]);
    assert.equal(refusal.consequences?.length, 18);
    return refusal.where;
  };
  assert.equal(where(["a.o", "b.o", "c.o"]), "a.o, b.o, c.o");
  assert.equal(where(["a.o", "b.o", "c.o", "d.o"]), "a.o, b.o, c.o and 1 more object");
  const many = Array.from({ length: 230 }, (_, at) => `${at}.o`);
  assert.equal(where(many), "0.o, 1.o, 2.o and 227 more objects");
});
