// Payloads that a sync is tried with: a stack of three, two cumulative ones, one with data, three
// independent ones and one on top of these, and one whose replace fails half-way.

import assert from "node:assert/strict";
import { type Design, type MadePayload, makePayload } from "../plan-payloads.ts";

let content = 9000;
function make(name: string, design: Partial<Design>): MadePayload {
  content++;
  return makePayload({
    name,
    mode: "stack",
    guard: "full",
    functions: ["alpha"],
    on: [],
    data: "none",
    hooks: [],
    content,
    ...design,
  });
}

export const a = make("a", {});
export const b = make("b", { functions: ["alpha", "beta"], on: [a] });
export const c = make("c", { functions: ["gamma"], on: [a, b] });
export const all = make("all", { mode: "cumulative", functions: ["alpha", "beta", "gamma"] });
export const more = make("more", { mode: "cumulative", functions: ["alpha", "beta", "delta"] });
/** Its data starts afresh when it is reverted and applied again. */
export const keeper = make("keeper", { data: "writable" });
/** CPUs stand in it while Xen patches. */
export const waiting = make("waiting", { functions: ["gamma"], lingers: ["idle_loop"] });
export const [one, two, three] = free(["beta", "gamma", "delta"]);
export const onOne = make("on-one", { mode: "independent", functions: ["beta"], on: [one] });
/** Xen finds out when it has reverted all others: what it expects lies under their jumps. */
export const wrong = make("wrong", {
  mode: "cumulative",
  functions: ["alpha", "beta"],
  expects: "another-entry",
});
export const known = [a, b, c, all, more, keeper, one, two, three, onOne, wrong, waiting];

function free(names: readonly ("beta" | "gamma" | "delta")[]) {
  const [first, second, third] = names.map((name) =>
    make(`free-${name}`, { mode: "independent", functions: [name] }),
  );
  assert.ok(first && second && third);
  return [first, second, third] as const;
}
