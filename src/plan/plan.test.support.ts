// Hosts, payloads and wishes in one line each, and what makePlan() makes of them.

import assert from "node:assert/strict";
import type { PayloadFacts } from "./facts-form.ts";
import type { AppliedStack, HostState, LoadedPayload } from "./host-state.ts";
import type { GivenPayload } from "./piece.ts";
import { makePlan, type Planned, type PlanOptions } from "./plan.ts";
import type { Wish } from "./wish.ts";

const XEN = "aa".repeat(20);

/** A payload of xSplice of which everything is known; its name is its build-id. */
export function payload(
  name: string,
  functions: string,
  more: Partial<PayloadFacts> = {},
): GivenPayload {
  const names = functions.split(" ").filter((text) => text !== "");
  const range = (start: bigint, sizeBytes: number) =>
    names.map((symbol) => ({ symbol, start, sizeBytes }));
  const facts: PayloadFacts = {
    buildId: name,
    depends: XEN,
    xenDepends: XEN,
    mode: "independent",
    guard: "full",
    functions: names,
    replaces: range(0n, 64),
    writes: range(4n, 1),
    guards: range(0n, 64),
    jumps: [],
    nops: "none",
    marker: undefined,
    requires: [],
    exports: [],
    imports: names,
    hooks: [],
    kept: [],
    lingers: [],
    parks: [],
    sleeps: [],
    data: "none",
    metadata: [`build-id=${name}`],
    ...more,
  };
  return { source: `${name}.livepatch`, name, facts };
}

/** @param loaded names of files, those that are applied with a `+`; the stack is in that order */
export function host(
  loaded: readonly string[],
  files: readonly GivenPayload[],
  more: Partial<HostState> = {},
): HostState {
  const find = (name: string) => {
    const found = files.find((file) => file.name === name);
    assert.ok(found, name);
    return found;
  };
  const payloads = loaded.map((text): LoadedPayload => {
    const name = text.replace("+", "");
    const kind = text.endsWith("+") ? "applied" : "checked";
    return { name, status: { kind }, facts: find(name).facts, history: "never-reverted" };
  });
  const names = loaded.filter((text) => text.endsWith("+")).map((text) => text.replace("+", ""));
  const stack: AppliedStack = { kind: "known", names, evidence: "host" };
  return { xenBuildId: XEN, bootId: "boot", nodeps: "possible", loaded: payloads, stack, ...more };
}

export const to = (...payloads: readonly GivenPayload[]): Wish => ({
  kind: "apply-exactly",
  payloads,
});
export const revert = (...names: readonly string[]): Wish => ({ kind: "revert", names });

export function stepsOf(planned: Planned): readonly string[] {
  if (planned.kind === "refused") return planned.obstacles.map(({ code }) => code);
  return planned.plan.steps.map(({ action, name }) => `${action} ${name}`);
}

export function check(
  [loaded, files]: readonly [readonly string[], readonly GivenPayload[]],
  wish: Wish,
  expected: readonly string[],
  options: PlanOptions & { readonly state?: Partial<HostState> } = {},
): Planned {
  const planned = makePlan(host(loaded, files, options.state), wish, options);
  assert.deepEqual(stepsOf(planned), expected);
  return planned;
}

export const a = payload("a", "alpha");
export const b = payload("b", "beta");
export const c = payload("c", "gamma");
export const stacked = { mode: "stack" } as const;
