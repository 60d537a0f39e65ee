// Code that keeps values in registers over a call of a function with arguments on the stack: nothing can stand
// in between, so the payload brings that function as well, unchanged.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { type Foundation, onHypervisor, readPayloadBelow } from "../../running/payload-below.ts";
import { makeBuildOf, patchFrom, type SomeOptions } from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import type { BuiltFix } from "../built-fix.ts";

const file = "xen/common/start.c";
const seven = "int a, int b, int c, int d, int e, int f, int g";
const source = [
  `#pragma GCC optimize("O2")\nint seven(${seven}); int eight(${seven}); int over(int *p); int through(int *p); int twice(int n);`,
  "__attribute__((noinline)) int twice(int n) { return n * 2; }",
  `__attribute__((noinline,noclone)) int seven(${seven}) { return a * 3 + b * 5; }`,
  `__attribute__((noinline,noclone)) int eight(${seven}) { return seven(a, b, c, d, e, f, g) ^ g; }`,
  "int over(int *p) { int a = p[0]; return seven(a, 2, 3, 4, 5, 6, 7) + a; }",
  "int through(int *p) { int a = p[0]; return eight(a, 2, 3, 4, 5, 6, 7) + a; }\n",
].join("\n".repeat(9));

const small = makeBuildOf({ after }, { [file]: source });
const fixed = (old: string, text: string, from = source): string => {
  assert.ok(from.includes(old), old);
  return from.replace(old, text);
};
const minus = fixed("seven(a, 2, 3, 4, 5, 6, 7) + a", "seven(a, 2, 3, 4, 5, 6, 7) - a");

function build(from: string, to: string, more: SomeOptions = {}): Promise<BuiltFix> {
  const patches = [patchFrom(file, from, to)];
  return buildFix(small.options({}, { ...more, inputs: { patches } }));
}

function functionsOf({ payload, refusals }: BuiltFix): readonly string[] {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return payload.functions.map(({ name }) => name).sort();
}

function on(below: BuiltFix): Foundation {
  assert.ok(below.payload);
  return { ...onHypervisor, payloads: [readPayloadBelow(below.payload.bytes, "one.livepatch")] };
}

buildTest(
  "buildFix() carries a callee that it relies on and nothing can stand in front of",
  async () => {
    const fix = await build(source, minus);
    assert.deepEqual(functionsOf(fix), ["over", "seven"]);
    const held = fix.payload?.functions.find(({ name }) => name === "seven");
    assert.equal(held?.oldSizeBytes, held?.newSizeBytes);
    assert.match(
      held?.why.join() ?? "",
      /^"over" keeps \w+ across its call: it comes along unchanged/,
    );
  },
);

buildTest(
  "buildFix() carries all of several functions through which it relies on one",
  async () => {
    const to = fixed("eight(a, 2, 3, 4, 5, 6, 7) + a", "eight(a, 2, 3, 4, 5, 6, 7) - a");
    const fix = await build(source, to);
    // What "eight" calls could otherwise change what "through" keeps.
    assert.deepEqual(functionsOf(fix), ["eight", "seven", "through"]);
  },
);

// What "twice" may change one day nobody knows, while the compiler saw that it leaves alone what "over" keeps.
buildTest("buildFix() refuses a fix on top that may change what one below relies on", async () => {
  const below = await build(source, minus);
  const to = fixed("return a * 3 + b * 5", "return twice(a) + b * 5", minus);
  const { refusals } = await build(minus, to, { stacking: { foundation: on(below) } });
  assert.deepEqual(
    refusals.map(({ rule, what }) => `${rule}: ${what}`),
    ['caller-relies: function "seven"'],
  );
  assert.match(refusals[0]?.reasons.join() ?? "", /"over[^"]*" keeps/);
});

buildTest("buildFix() carries no callee for that where no old code is compared", async () => {
  const { refusals } = await build(source, minus, { stacking: { guard: "none" } });
  assert.deepEqual(
    refusals.map(({ rule }) => rule),
    ["caller-relies"],
  );
});

buildTest("buildFix() refuses what relies on a callee that calls others", async () => {
  const to = fixed("return a * 3 + b * 5", "return twice(a) + b * 5");
  const relying = makeBuildOf({ after }, { [file]: to });
  const patches = [patchFrom(file, to, fixed(" + a; }", " - a; }", to))];
  const { refusals } = await buildFix(relying.options({}, { inputs: { patches } }));
  assert.deepEqual(
    refusals.map(({ rule, what }) => `${rule}: ${what}`),
    ['caller-relies: function "over"'],
  );
});
