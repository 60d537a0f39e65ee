// What is not known of a host, or of a payload on it, and what can be done all the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { noAddresses } from "./code-range.ts";
import { factsOfMetadata } from "./facts.ts";
import type { AppliedStack } from "./host-state.ts";
import { inferOrder } from "./infer-order.ts";
import { a, b, c, check, host, payload, revert, to } from "./plan.test.support.ts";
import { makePlan } from "./plan.ts";
import { relationsOf } from "./relations.ts";

test("makePlan() wants back what an interrupted sync has lifted, and its file", () => {
  const state = { interruptedGoal: ["b"] };
  check([["a+"], [a]], revert("a"), ["plan/no-file"], { state });
  const expected = ["upload b", "replace b", "unload a"];
  check([["a+"], [a]], revert("a"), expected, { state, files: [b] });
});

test("makePlan() without an order replaces, adds on top, and reverts nothing", () => {
  const stack: AppliedStack = { kind: "unknown", names: ["a", "b"], known: [], reasons: ["why"] };
  const state = { stack };
  const all = payload("all", "alpha beta", { mode: "cumulative" });
  const replaced = ["upload all", "replace all", "unload b", "unload a"];
  check(
    [
      ["a+", "b+"],
      [a, b],
    ],
    to(all),
    replaced,
    { state },
  );
  check(
    [
      ["a+", "b+"],
      [a, b],
    ],
    to(a, b, c),
    ["upload c", "apply c"],
    { state },
  );
  const refused = makePlan(host(["a+", "b+"], [a, b], state), revert("a"));
  assert.ok(refused.kind === "refused");
  assert.equal(refused.obstacles[0].problem, "Cannot determine the stack of this host");
  assert.equal(refused.obstacles[0].where, "why");
  assert.match(refused.obstacles[0].remedy ?? "", /try "xsplice revert NAME" of each/);
  const foreign = payload("b", "beta", { buildId: undefined, depends: undefined });
  const untold = makePlan(host(["a+", "b+"], [a, foreign], state), revert("a"));
  assert.ok(untold.kind === "refused");
  assert.equal(untold.obstacles[0].remedy, "give the files of what is loaded");
});

test("makePlan() needs to know of hooks before it replaces", () => {
  const shy = payload("shy", "alpha", { hooks: undefined });
  const all = payload("all", "alpha", { mode: "cumulative" });
  const planned = check([["shy+"], [shy]], to(all), [
    ...["upload all", "revert shy", "apply all", "unload shy"],
  ]);
  assert.ok(planned.kind === "plan");
  assert.match(planned.plan.whyMissing.join(), /it is not known which hooks "shy" has/);
});

test("inferOrder() ends when nothing is known of two payloads, and something of others", () => {
  const nothing = factsOfMetadata(undefined);
  for (const names of [
    ["x", "y"],
    ["x", "y", "b"],
    ["b", "x", "y", "z"],
  ]) {
    const pieces = names.map((name) => ({
      name,
      facts: name === "b" ? payload("b", "beta", { depends: "x", mode: "stack" }).facts : nothing,
      file: undefined,
    }));
    const inferred = inferOrder(pieces, "aa", relationsOf(pieces, "aa", noAddresses));
    assert.ok(inferred.kind === "open");
    assert.match(inferred.reasons.join("\n"), /it is not known what "x" depends on/);
  }
});
