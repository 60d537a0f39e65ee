// Each rule has a fixture, and each fixture fires its rule and no other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { traps } from "../xen-model/traps.ts";
import { checkFixture, fixtures } from "./check.test.support.ts";
import { ruleIds, rules } from "./rules.ts";

for (const fixture of fixtures) {
  const { rule, what, severity, verdict = "accepted", alongside = [] } = fixture;
  test(`rules have "${rule}" for ${what}, and nothing else`, () => {
    const { payloads, outcome } = checkFixture(fixture);
    const hazards = payloads.flatMap((payload) => payload.hazards);
    const fired = new Set(hazards.map((hazard) => hazard.rule));
    assert.deepEqual([...fired].sort(), [rule, ...alongside].sort());
    const severities = hazards.filter((hazard) => hazard.rule === rule).map((one) => one.severity);
    assert.ok(severities.includes(severity), `it is ${severities}`);
    assert.equal(payloads.at(-1)?.verdict.kind, verdict, JSON.stringify(payloads.at(-1)?.verdict));
    const expected = severity === "note" && alongside.length === 0 ? "clean" : "hazards";
    if (verdict === "refused") assert.equal(outcome, "refused");
    else if (severity !== "note") assert.equal(outcome, expected);
  });
}

test("rules have a fixture each", () => {
  const shown = new Set(fixtures.map(({ rule }) => rule));
  assert.deepEqual(
    ruleIds.filter((id) => !shown.has(id)),
    [],
  );
});

test("rules have one for each trap of the model, under the same id", () => {
  for (const trap of Object.keys(traps)) assert.ok(trap in rules, trap);
});
