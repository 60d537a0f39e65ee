// Which steps lead from what a host runs to what is wished, and in which order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { a, b, c, check, host, payload, stacked, stepsOf, to } from "./plan.test.support.ts";
import { makePlan } from "./plan.ts";

test("makePlan() has nothing to do where all is as wished, in whatever order it was named", () => {
  check(
    [
      ["a+", "b+"],
      [a, b],
    ],
    to(b, a),
    [],
  );
});

test("makePlan() uploads first and unloads last, and replaces where one payload does", () => {
  const all = payload("all", "alpha beta gamma", { mode: "cumulative" });
  const expected = ["upload all", "replace all", "unload b", "unload a"];
  const planned = check(
    [
      ["a+", "b+"],
      [a, b],
    ],
    to(all),
    expected,
  );
  assert.ok(planned.kind === "plan" && planned.plan.missing.length === 0);
});

test("makePlan() replaces twice when what is to lie at the bottom is in use higher up", () => {
  const x = payload("x", "beta", stacked);
  const y = payload("y", "delta");
  const expected = ["upload y", "replace y", "replace x", "apply y", "unload c", "unload a"];
  check(
    [
      ["a+", "x+", "c+"],
      [a, x, c],
    ],
    to(x, y),
    expected,
  );
});

test("makePlan() replaces and reverts to get to nothing, rather than revert many", () => {
  const y = payload("y", "delta", { ...stacked, hooks: ["postapply"] });
  const x = payload("x", "epsilon");
  const d = payload("d", "zeta");
  const loaded = ["a+", "b+", "c+", "d+"];
  const planned = check([loaded, [a, b, c, d]], to(y, x), [
    ...["upload y", "upload x", "replace x", "revert x", "apply y", "apply x"],
    ...["unload d", "unload c", "unload b", "unload a"],
  ]);
  assert.ok(planned.kind === "plan" && planned.plan.quiesces === 4);
});

test("makePlan() unloads what has the same symbols before it uploads, although a fix is missing then", () => {
  const old = payload("old", "alpha", { ...stacked, exports: ["table"] });
  const next = payload("next", "alpha", { ...stacked, exports: ["table"] });
  const expected = ["revert old", "unload old", "upload next", "apply next"];
  const planned = check([["old+"], [old]], to(next), expected);
  assert.ok(planned.kind === "plan");
  assert.deepEqual(planned.plan.missing, [
    { fix: { kind: "function", name: "alpha" }, fromStep: 1, toStep: 4, meanwhile: undefined },
  ]);
  const gapless = makePlan(host(["old+"], [old]), to(next), { moments: "refuse" });
  assert.equal(stepsOf(gapless)[0], "plan/moment");
  const both = payload("both", "beta", { exports: ["table"] });
  check([[], []], to(next, both), ["plan/same-symbol"]);
});

test("makePlan() refuses a moment without a fix where a file may be all that is wanting, and only there", () => {
  const next = payload("next", "alpha");
  const shy = payload("shy", "alpha", { hooks: undefined });
  const state = host(["shy+"], [shy]);
  const options = { moments: "refuse-avoidable" } as const;
  const refused = makePlan(state, to(next), options);
  assert.deepEqual(stepsOf(refused), ["plan/no-file"]);
  assert.ok(refused.kind === "refused" && /"shy"/.test(refused.obstacles[0].problem));
  const told = payload("shy", "alpha");
  const replaced = ["upload next", "replace next", "unload shy"];
  assert.deepEqual(stepsOf(makePlan(state, to(next), { ...options, files: [told] })), replaced);
  const hooked = payload("shy", "alpha", { hooks: ["prerevert"] });
  const lifted = makePlan(state, to(next), { ...options, files: [hooked] });
  assert.ok(lifted.kind === "plan" && lifted.plan.missing.length === 1);
  const hookedNext = payload("next", "alpha", { hooks: ["prerevert"] });
  const anyway = makePlan(state, to(hookedNext), options);
  assert.ok(anyway.kind === "plan" && anyway.plan.missing.length === 1);
});
