// Three patches of one file, each of one function and so far apart that it fits whatever stands in the
// others, and payloads of any mode made of them. Not a test.

import assert from "node:assert/strict";
import { after } from "node:test";
import { type Foundation, type PayloadBelow, readPayloadBelow } from "../running/payload-below.ts";
import type { PatchInput } from "../source-patch/patch-file.ts";
import type { PreviousPayload } from "../stacking/cumulative.ts";
import { makeBuildOf, patchFrom } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import type { BuildStacking } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";

export const file = "xen/common/start.c";
const ONE = "return n + 1;";
const TWO = "return n + 2;";
const THREE = "return n + 3;";

/** What comes before `one`, and what the functions `one`, `two` and `three` do. */
export function sourceOf({ before = "", one = ONE, two = TWO, three = THREE }): string {
  return [
    "int start(void); int one(int n); int two(int n); int three(int n);",
    `${before}int one(int n) { ${one} }`,
    `int two(int n) { ${two} }`,
    `int three(int n) { ${three} }`,
    "int start(void) { return one(two(three(0))); }",
  ]
    .map((line) => `${line}${"\n".repeat(9)}`)
    .join("");
}

/** What each of the three patches makes of its function: the third changes `one` once more. */
export const first = { one: "return n + 100;" };
const second = { two: "static int count; return n + 200 + count++;" };
export const third = { one: "return n * 2 + 100;" };

export const start = sourceOf({});
export const patches: readonly [one: PatchInput, two: PatchInput, three: PatchInput] = [
  patchFrom(file, start, sourceOf(first), "one.patch"),
  patchFrom(file, sourceOf(first), sourceOf({ ...first, ...second }), "two.patch"),
  patchFrom(
    file,
    sourceOf({ ...first, ...second }),
    sourceOf({ ...second, ...third }),
    "three.patch",
  ),
];
/** The second patch for a source without the first one. */
export const secondAlone = patchFrom(file, start, sourceOf(second), "two.patch");

export const small = makeBuildOf({ after }, { [file]: start });

export function build(
  own: readonly PatchInput[],
  stacking: Partial<BuildStacking> = {},
  hooks: readonly string[] = [],
): Promise<BuiltFix> {
  return buildFix(small.options({}, { inputs: { patches: own, hooks }, stacking }));
}

/** As it is read when something else is built on it. */
export function payloadOf({ payload, refusals }: BuiltFix): PayloadBelow & PreviousPayload {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return { ...readPayloadBelow(payload.bytes, "payload"), bytes: payload.bytes };
}

export function foundationOf(...payloads: readonly PayloadBelow[]): Foundation {
  return { payloads, buildId: undefined };
}
