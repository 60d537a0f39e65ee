// Two names of one thing, and two things of one name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { a, b, check, host, payload, to } from "./plan.test.support.ts";
import { makePlan } from "./plan.ts";

test("makePlan() says which fix that stays is not in force, and which file the host knows by another name", () => {
  const stranger = payload("stranger", "alpha", { requires: ["b"] });
  const planned = makePlan(host(["b+", "a+", "stranger+"], [a, b, stranger]), to(a, b, stranger));
  assert.ok(planned.kind === "plan");
  assert.deepEqual(
    planned.plan.notices.map(({ kind, name }) => `${kind} ${name}`),
    ["not-in-force a"],
  );
  const known = { ...a, source: "other-name.livepatch", name: "other-name" };
  const same = makePlan(host(["a+"], [a]), to(known));
  assert.ok(same.kind === "plan");
  assert.deepEqual(
    same.plan.notices.map(({ words }) => words),
    ['other-name.livepatch is called "a" on the host'],
  );
});

test("makePlan() sees through two names of one function when it has addresses", () => {
  const alias = payload("alias", "alpha_too");
  const addressOf = (symbol: string) => (symbol.startsWith("alpha") ? 0x1000n : undefined);
  check([["a+"], [a]], to(a, alias), ["upload alias", "apply alias"]);
  check([["a+"], [a]], to(a, alias), ["plan/overlap"], { addressOf });
});

test("makePlan() takes another name when a different payload has the file's", () => {
  const next = { ...payload("0123456789", "alpha"), name: "a" };
  const planned = check([["a+"], [a]], to(next), [
    ...["upload a-01234567", "replace a-01234567", "unload a"],
  ]);
  assert.ok(planned.kind === "plan");
  assert.equal(planned.plan.notices[0]?.kind, "renamed");
});
