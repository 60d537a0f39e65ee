// How hazards are counted: those that are allowed, those that stand in many places, those of other
// releases. Each rule has a fixture (rules.test.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "./check.test.support.ts";
import {
  goodParts,
  goodPayload,
  makeElf,
  withAlternative,
  withHook,
} from "./fixtures.test.support.ts";

test("checkPayloads() tells the same of many places once more, with their number", () => {
  const entries = Array.from({ length: 70 }, () => ({ old: "gamma", by: "new_gamma" }));
  const [payload] = check([goodPayload({ entries })]).payloads;
  const missing = payload?.hazards.filter(({ rule }) => rule === "expectation-missing") ?? [];
  assert.equal(missing.length, 51);
  assert.equal(missing.at(-1)?.problem, "and the same in 20 more places");
});

test("checkPayloads() counts no hazard that is allowed, and says so", () => {
  const missing = goodPayload({ entries: [{ old: "alpha", by: "new_alpha" }] });
  assert.equal(check([missing]).outcome, "hazards");
  const report = check([missing], { allowed: ["expectation-missing"] });
  assert.equal(report.outcome, "clean");
  assert.deepEqual(
    report.payloads[0]?.hazards.map(({ rule, isAllowed }) => `${rule} ${isAllowed}`),
    ["expectation-missing true"],
  );
});

test("checkPayloads() lets nobody allow a crash of this hypervisor", () => {
  const tooLong = makeElf(withAlternative(goodParts(), { original: "9090" }));
  const report = check([tooLong], { allowed: ["alternatives-check"] });
  assert.equal(report.outcome, "hazards");
  assert.equal(report.payloads[0]?.verdict.kind, "crash");
});

test("checkPayloads() tells of releases that a file would crash, though this one takes it", () => {
  const [payload] = check([makeElf(withAlternative(goodParts()))]).payloads;
  const [hazard] = payload?.hazards ?? [];
  assert.equal(hazard?.rule, "alternatives-with-ibt");
  assert.equal(hazard?.isHere, false);
  assert.equal(hazard?.severity, "note");
  assert.equal(hazard?.releases, "4.17.0 to 4.17.3, 4.18.0 to 4.18.1");
});

test("checkPayloads() names a hook by its function, once, with all the moments of it", () => {
  const report = check([makeElf(withHook("load", "c3"))]);
  const hazards = report.payloads[0]?.hazards.filter(({ rule }) => rule === "hook-without-endbr64");
  assert.deepEqual(
    hazards?.map(({ problem }) => problem),
    ['its hook "the_hook" (load) kills a host that tracks indirect branches'],
  );
  assert.match(hazards?.[0]?.where ?? "", /section \d+ "\.text\.hook"/);
});
