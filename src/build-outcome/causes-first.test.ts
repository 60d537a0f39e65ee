import assert from "node:assert/strict";
import { test } from "node:test";
import { causesFirst } from "./causes-first.ts";
import type { BuildRefusal } from "./refusal.ts";

/** `a<b` is a refusal of `a` that follows from `b`. */
function refusal(text: string): BuildRefusal {
  const [what = "", ...causes] = text.split("<");
  const words = { where: "somewhere", reasons: ["it is so"], remedy: undefined };
  return { rule: "layout", what, ...words, causes: causes.map((name) => named(name)) };
}

const named = (what: string) => ({ rule: "layout", what });

const orders: Readonly<Record<string, readonly [given: string, told: string]>> = {
  "a cause before what follows from it": ["f<s g s h<s", "s f<s h<s g"],
  "each cause with its own": ["f<s g<t t s", "t g<t s f<s"],
  "what has two causes once, with the first": ["t f<s<t s", "s f<s<t t"],
  "what stands by itself as it came": ["b a c", "b a c"],
  "what has a cause that is allowed as a cause": ["f<s g", "f g"],
  "two that name each other as causes": ["f<g g<f", "f g"],
  "one cause that is told twice": ["f<s s s", "s f<s s"],
};

for (const [what, [given, told]] of Object.entries(orders)) {
  test(`causesFirst() tells ${what}`, () => {
    const ordered = causesFirst(given.split(" ").map(refusal));
    const text = ordered.map(({ what, causes = [] }) =>
      [what, ...causes.map((cause) => cause.what)].join("<"),
    );
    assert.equal(text.join(" "), told);
  });
}
