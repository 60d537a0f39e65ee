// Damaged payloads of all kinds: check answers, or says in our own words what it cannot do.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XspliceError } from "../error.ts";
import { type CheckReport, checkPayloads } from "./check.ts";
import { checkedHypervisor, type Fixture, goodPayload } from "./fixtures.test.support.ts";
import { armFixtures } from "./fixtures-arm.test.support.ts";
import { fileFixtures } from "./fixtures-file.test.support.ts";
import { functionFixtures } from "./fixtures-functions.test.support.ts";
import { stackFixtures } from "./fixtures-stack.test.support.ts";

const fixtures: readonly Fixture[] = [
  ...fileFixtures(),
  ...functionFixtures(),
  ...stackFixtures(),
  ...armFixtures(),
];

/** A report, or `undefined` when the model says that this is more than it follows. */
function judge(
  fixture: Fixture,
  spoil: (bytes: Uint8Array) => Uint8Array,
): CheckReport | undefined {
  try {
    return checkPayloads({
      hypervisor: fixture.hypervisor ?? checkedHypervisor(fixture.release),
      payloads: fixture.payloads.map((bytes, index) => ({
        name: `p${index}`,
        source: `p${index}.livepatch`,
        bytes: spoil(bytes),
      })),
      action: fixture.action ?? "apply",
      dependencyCheck: fixture.dependencyCheck ?? "whole-chain",
      allowed: [],
    });
  } catch (error) {
    assert.ok(error instanceof XspliceError, String(error));
    return undefined;
  }
}

test("checkPayloads() answers for fixtures of which some bytes are changed", () => {
  const change = fc.tuple(fc.nat(0xffff), fc.nat(255));
  const spoiled = fc.tuple(fc.constantFrom(...fixtures), fc.array(change, { maxLength: 4 }));
  fc.assert(
    fc.property(spoiled, ([fixture, changes]) => {
      const report = judge(fixture, (bytes) => {
        const copy = Uint8Array.from(bytes);
        for (const [at, value] of changes) copy[at % copy.length] = value;
        return copy;
      });
      assert.ok(report === undefined || report.payloads.length === fixture.payloads.length);
    }),
    { numRuns: 500 },
  );
});

test("checkPayloads() refuses every payload that is cut short before its end", () => {
  const whole = goodPayload();
  const fixture: Fixture = {
    rule: "one-way",
    what: "",
    payloads: [whole],
    severity: "hazard",
  };
  for (let length = 0; length < whole.length; length += 7) {
    const report = judge(fixture, (bytes) => bytes.subarray(0, length));
    assert.equal(report?.outcome, "refused", `${length} bytes`);
  }
});
