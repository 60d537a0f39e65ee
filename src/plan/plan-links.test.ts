// Payloads that hang on others: by symbols, by what lies below, by what they require.

import assert from "node:assert/strict";
import { test } from "node:test";
import { a, b, check, host, payload, revert, stacked, stepsOf, to } from "./plan.test.support.ts";
import { makePlan } from "./plan.ts";

test("makePlan() leaves loaded what another payload refers to, and says so", () => {
  const base = payload("base", "alpha", { exports: ["base.data"] });
  const user = payload("user", "beta", { imports: ["beta", "base.data"] });
  const planned = check(
    [
      ["base+", "user+"],
      [base, user],
    ],
    revert("base"),
    ["revert user", "replace user"],
  );
  assert.ok(planned.kind === "plan");
  assert.deepEqual(
    planned.plan.notices.map(({ kind, name }) => `${kind} ${name}`),
    ["lifted user", "kept base"],
  );
});

test("makePlan() refuses a payload that expects a jump which nobody below has written", () => {
  const lower = payload("lower", "alpha", stacked);
  const middle = payload("middle", "beta", { ...stacked, depends: "lower", guards: [] });
  const upper = payload("upper", "alpha", {
    ...stacked,
    depends: "middle",
    jumps: [{ symbol: "alpha", start: 0n, sizeBytes: 5 }],
  });
  const files = [lower, middle, upper];
  check([["lower+", "middle+"], files], to(lower, middle, upper), ["upload upper", "apply upper"]);
  // Somebody has forced the one in the middle onto the bare hypervisor.
  const planned = makePlan(host(["middle+"], files), to(middle, upper));
  assert.ok(planned.kind === "refused");
  assert.match(planned.obstacles[0]?.problem ?? "", /"upper": it was made for a host on which/);
});

test("makePlan() loads anew what is bound to a payload that was loaded again since", () => {
  const base = payload("base", "alpha", { exports: ["base.data"] });
  const user = payload("user", "beta", { imports: ["beta", "base.data"] });
  const expected = ["unload user", "upload user", "apply base", "apply user"];
  check(
    [
      ["user", "base"],
      [base, user],
    ],
    to(base, user),
    expected,
  );
  const known = makePlan(host(["user", "base"], [base, user]), revert("user"));
  assert.deepEqual(stepsOf(known), ["unload user"]);
});

test("makePlan() lays a payload on independent ones, of which it replaces what the lower one did", () => {
  const upper = payload("upper", "alpha", { ...stacked, depends: "b", requires: ["a"] });
  check([[], []], to(upper, b, a), [
    ...["upload a", "upload b", "upload upper", "apply a", "apply b", "apply upper"],
  ]);
  const unaware = payload("unaware", "alpha", { ...stacked, depends: "b" });
  check([[], []], to(unaware, b, a), ["plan/overlap"]);
});

test("makePlan() takes a payload that is gone already for removed, and says so", () => {
  const state = { gone: ["b", "unrelated"] };
  const planned = check([["a+"], [a]], revert("a", "b"), ["revert a", "unload a"], { state });
  assert.ok(planned.kind === "plan");
  const words = '"b" is not loaded any more: it needs no step';
  assert.deepEqual(planned.plan.notices, [{ kind: "gone", name: "b", words }]);
  check([["a+"], [a]], revert("b"), [], { state });
});

test("makePlan() refuses another hypervisor's payload, a missing link, and what is not there", () => {
  check([[], []], to(payload("x", "alpha", { xenDepends: "bb" })), ["plan/wrong-hypervisor"]);
  const upper = payload("upper", "alpha", { ...stacked, depends: "lower" });
  check([[], []], to(upper), ["plan/missing-link"]);
  const needy = payload("needy", "alpha", { requires: ["lower"] });
  check([[], []], to(needy), ["plan/missing-link"]);
  check([["a+"], [a]], revert("b"), ["plan/not-loaded"]);
  check([["a+"], [a]], revert("a", "b"), ["plan/not-loaded"]);
  const state = { nodeps: "impossible" } as const;
  const crowded = makePlan(host(["a+"], [a], state), to(a, b));
  assert.ok(stepsOf(crowded).includes("plan/same-place"));
});

test("makePlan() says who was compiled against what the other one changes", () => {
  const guards = ["alpha", "beta"].map((symbol) => ({ symbol, start: 0n, sizeBytes: 31 }));
  const user = payload("user", "alpha", { guards });
  for (const [applied, wanted] of [
    [user, b],
    [b, user],
  ] as const) {
    const planned = check([[`${applied.name}+`], [applied]], to(applied, wanted), ["plan/overlap"]);
    assert.ok(planned.kind === "refused");
    const [obstacle] = planned.obstacles;
    assert.match(obstacle?.problem ?? "", /"user" was compiled against code that "b" changes$/);
    assert.equal(obstacle?.where, "beta+0x4, 1 byte");
  }
});
