// Damaged payloads of all kinds: check answers, or says in our own words what it cannot do.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XspliceError } from "../error.ts";
import { checkFixture, fixtures } from "./check.test.support.ts";
import type { CheckReport } from "./check.ts";
import { type Fixture, goodPayload } from "./fixtures.test.support.ts";

/** A report, or `undefined` when the model says that this is more than it follows. */
function judge(
  fixture: Fixture,
  spoil: (bytes: Uint8Array) => Uint8Array,
): CheckReport | undefined {
  try {
    return checkFixture(fixture, spoil);
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
