// A check of payloads for the hypervisor of fixtures.test.support.ts, and all fixtures of rules. Not a
// test.

import { type CheckReport, type CheckRequest, checkPayloads } from "./check.ts";
import { checkedHypervisor, type Fixture } from "./fixtures.test.support.ts";
import { armFixtures } from "./fixtures-arm.test.support.ts";
import { fileFixtures } from "./fixtures-file.test.support.ts";
import { functionFixtures } from "./fixtures-functions.test.support.ts";
import { pointerFixtures } from "./fixtures-pointers.test.support.ts";
import { stackFixtures } from "./fixtures-stack.test.support.ts";
import { standingFixtures } from "./standing/fixtures-standing.test.support.ts";

/** Applied one on top of the other, the first one at the bottom; they are called p0, p1, and so on. */
export function check(
  payloads: readonly Uint8Array[],
  change: Partial<CheckRequest> = {},
): CheckReport {
  return checkPayloads({
    hypervisor: checkedHypervisor(),
    payloads: payloads.map((bytes, index) => ({
      name: `p${index}`,
      source: `p${index}.livepatch`,
      bytes,
    })),
    action: "apply",
    dependencyCheck: "whole-chain",
    allowed: [],
    ...change,
  });
}

export const fixtures: readonly Fixture[] = [
  ...fileFixtures(),
  ...functionFixtures(),
  ...stackFixtures(),
  ...pointerFixtures(),
  ...standingFixtures(),
  ...armFixtures(),
];

export function checkFixture(
  { payloads, hypervisor, release, action, dependencyCheck }: Fixture,
  spoil = (bytes: Uint8Array): Uint8Array => bytes,
): CheckReport {
  return check(payloads.map(spoil), {
    hypervisor: hypervisor ?? checkedHypervisor(release),
    action: action ?? "apply",
    dependencyCheck: dependencyCheck ?? "whole-chain",
  });
}
