import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../check.test.support.ts";
import { makeElf } from "../fixtures.test.support.ts";
import { leafBy, relyingOnLeaf } from "../fixtures-functions.test.support.ts";

const CHANGES_R9 = "4531c9c3"; // xor %r9d,%r9d; ret
const LEAVES_R9 = "31c0c3"; // xor %eax,%eax; ret
const SAVES_R9 = "41514531c94159c3";

for (const [what, code] of [
  ["leaves the register alone", LEAVES_R9],
  ["saves the register and gives it back", SAVES_R9],
] as const) {
  test(`checkPayloads() has nothing against a body that ${what} on which a caller relies`, () => {
    assert.deepEqual(check([makeElf(leafBy(code))]).payloads[0]?.hazards, []);
  });
}

for (const [what, code, expected] of [
  ["changes", CHANGES_R9, ["caller-relies"]],
  ["leaves alone", LEAVES_R9, []],
] as const) {
  test(`checkPayloads() looks at code that relies on a register which a body below ${what}`, () => {
    const payloads = [leafBy(code), relyingOnLeaf()].map((parts) => makeElf(parts));
    const report = check(payloads, { dependencyCheck: "hypervisor-only" });
    const hazards = (report.payloads[1]?.hazards ?? []).filter(({ isHere }) => isHere);
    assert.deepEqual(
      hazards.map(({ rule }) => rule),
      expected,
    );
    for (const { problem } of hazards) assert.match(problem, /"relies" keeps r9 .*payload "p0"/);
  });
}
