// Each rule has a fixture, and each fixture fires its rule and no other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { traps } from "../xen-model/traps.ts";
import { type CheckReport, checkPayloads } from "./check.ts";
import { checkedHypervisor, type Fixture, makeElf } from "./fixtures.test.support.ts";
import { armFixtures } from "./fixtures-arm.test.support.ts";
import { fileFixtures } from "./fixtures-file.test.support.ts";
import { functionFixtures, leafBy } from "./fixtures-functions.test.support.ts";
import { pointerFixtures } from "./fixtures-pointers.test.support.ts";
import { stackFixtures } from "./fixtures-stack.test.support.ts";
import { ruleIds, rules } from "./rules.ts";

const fixtures: readonly Fixture[] = [
  ...fileFixtures(),
  ...functionFixtures(),
  ...stackFixtures(),
  ...pointerFixtures(),
  ...armFixtures(),
];

function judge(fixture: Fixture): CheckReport {
  return checkPayloads({
    hypervisor: fixture.hypervisor ?? checkedHypervisor(fixture.release),
    payloads: fixture.payloads.map((bytes, index) => ({
      name: `payload-${index}`,
      source: `payload-${index}.livepatch`,
      bytes,
    })),
    action: fixture.action ?? "apply",
    dependencyCheck: fixture.dependencyCheck ?? "whole-chain",
    allowed: [],
  });
}

for (const fixture of fixtures) {
  const { rule, what, severity, verdict = "accepted", alongside = [] } = fixture;
  test(`rules have "${rule}" for ${what}, and nothing else`, () => {
    const { payloads, outcome } = judge(fixture);
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

for (const [what, code] of [
  ["leaves the register alone", "31c0c3"],
  ["saves the register and gives it back", "41514531c94159c3"],
] as const) {
  test(`rules have nothing against a body that ${what} on which a caller relies`, () => {
    const fixture = { payloads: [makeElf(leafBy(code))], severity: "note", what } as const;
    const { payloads } = judge({ ...fixture, rule: "caller-relies" });
    assert.deepEqual(payloads[0]?.hazards, []);
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
