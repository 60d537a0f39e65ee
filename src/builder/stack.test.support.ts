// Versions of one file, from what runs to the third fix on top of each other, and payloads made of
// them. The fixes differ from each other in what the functions of two templates are given. Not a test.

import assert from "node:assert/strict";
import { after } from "node:test";
import { parsePayload } from "../payload/parse.ts";
import type { Payload } from "../payload/payload.ts";
import { type Foundation, readPayloadBelow } from "../running/payload-below.ts";
import { makeBuildOf, patchFrom, type SmallBuild, type SomeOptions } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import type { BuiltFix } from "./built-fix.ts";

export const file = "xen/common/start.c";

/** Without any fix; what its two functions return. */
export const unfixed = (other: string, start: string): string => `int start(void);
static int other(int n) { return ${other}; }
int start(void) { return ${start}; }
`;
export const start = unfixed("n + 7", "other(3)");

/** A fix that brings a variable, a static function, and a global one; what two functions return. */
export const fixed = (helper: string, start: string): string => `int start(void);
int helper(int n);
static int other(int n) { return n + 7; }
static int bump(void) { static int count; return ++count; }
int helper(int n) { return ${helper}; }
int start(void) { return ${start}; }
`;
export const first = fixed("n * 3 + bump() + 1000", "other(3) + helper(5)");
/** Changes both of what runs in Xen and what the first fix brought, and uses its variable. */
export const second = fixed("n * 4 + bump() + 1000", "other(4) + helper(5)");
/**
 * Besides, numbers the static variables anew: twice() has one of the same name in front of that of
 * bump(), which changes, too.
 */
export const third = `int start(void);
int helper(int n);
static int other(int n) { return n + 7; }
static int twice(void) { static int count; return count += 2; }
static int bump(void) { static int count; return ++count + 1; }
int helper(int n) { return n * 4 + bump() + 1000; }
int start(void) { return twice() + other(4) + helper(5); }
`;

const small = makeBuildOf({ after }, { [file]: start });

let builtOne: Promise<BuiltFix> | undefined;
let builtTwo: Promise<BuiltFix> | undefined;

/** The first fix on the hypervisor itself; built once. */
export function buildOne(): Promise<BuiltFix> {
  builtOne ??= build([start, first], []);
  return builtOne;
}

/** The second one on top of it. */
export function buildTwo(): Promise<BuiltFix> {
  builtTwo ??= buildOne().then((below) => build([first, second], [below]));
  return builtTwo;
}

/** From one version of the file to another, on payloads, the lowest first. */
export function build(
  [old, text]: readonly [string, string],
  below: readonly BuiltFix[],
  { stacking, label = {} }: Pick<SomeOptions, "stacking" | "label"> = {},
  on: SmallBuild = small,
): Promise<BuiltFix> {
  const inputs = { patches: [patchFrom(file, old, text)] };
  const stackingOn = { foundation: foundationOf(below), ...stacking };
  return buildFix(on.options({}, { inputs, stacking: stackingOn, label }));
}

export function foundationOf(below: readonly BuiltFix[]): Foundation {
  const payloads = below.map(({ payload }, index) => {
    assert.ok(payload);
    return readPayloadBelow(payload.bytes, `p${index + 1}`);
  });
  return { payloads, buildId: undefined };
}

export function parsed({ payload, refusals }: BuiltFix): Payload {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return parsePayload(payload.bytes, "payload");
}

/** The symbols of the functions that the payload replaces. */
export function replaced({ functions }: Payload): readonly string[] {
  return functions.flatMap((entry) => {
    const { kind, oldAddress } = entry;
    return kind === "replace" && oldAddress.kind === "symbol" ? [oldAddress.symbol] : [];
  });
}
