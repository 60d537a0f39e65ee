// Random families of payloads, and hosts on which somebody did random things with them: what the
// planner's property tests begin with. Not a test.

import { mayIgnoreDependency } from "../src/payload/stacking.ts";
import { factsOfMetadata } from "../src/plan/facts.ts";
import type { HostState, LoadedPayload } from "../src/plan/host-state.ts";
import type { ActionRequest, XenModel } from "../src/xen-model/mod.ts";
import { functionNames, syntheticModel, XEN_ID } from "../src/xen-model/synthetic.test.support.ts";
import { type Design, type MadePayload, makePayload } from "./plan-payloads.ts";

/** Random, and the same for the same seed. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function makeUniverse(seed: number, size: number): readonly MadePayload[] {
  const below = numbersFrom(seed);
  const made: MadePayload[] = [];
  while (made.length < size) made.push(makePayload(randomDesign(made, seed, below)));
  return made;
}

/** One independent payload for each function, and one that is stacked on the first. */
export function makeIndependentUniverse(seed: number): readonly MadePayload[] {
  const plain = { guard: "full", data: "none", hooks: [] } as const;
  const made = functionNames.map((name, index) =>
    makePayload({
      ...plain,
      mode: "independent",
      functions: [name],
      on: [],
      name: `p${index}`,
      content: seed * 16 + index,
    }),
  );
  const [first] = made;
  const last = makePayload({
    ...plain,
    mode: "stack",
    functions: ["alpha"],
    on: first === undefined ? [] : [first],
    name: `p${made.length}`,
    content: seed * 16 + made.length,
  });
  return [...made, last];
}

function randomDesign(
  made: readonly MadePayload[],
  seed: number,
  below: (limit: number) => number,
): Design {
  const count = 1 + below(2);
  const functions = functionNames.filter(() => below(functionNames.length) < count);
  const kind = below(10);
  const mode = kind < 4 ? "stack" : kind < 6 ? "cumulative" : "independent";
  const sitsOn = mode !== "cumulative" && below(10) < 6 ? made[below(made.length || 1)] : undefined;
  const hooks = below(10) === 0 ? (["postapply"] as const) : [];
  const replaced = functions.length > 0 ? functions : [functionNames[below(5)] ?? "alpha"];
  return {
    name: `p${made.length}`,
    mode,
    guard: mode === "independent" || below(3) > 0 ? "full" : "none",
    functions:
      mode === "cumulative"
        ? [...new Set([...replaced, "alpha" as const, "beta" as const])]
        : replaced,
    relied:
      below(6) === 0 ? functionNames.filter((name) => !replaced.includes(name)).slice(0, 1) : [],
    on: sitsOn === undefined ? [] : allBelow(sitsOn),
    data: below(8) === 0 ? "writable" : "none",
    hooks,
    content: seed * 16 + made.length,
  };
}

/** The payload, and what it was made to sit on, from the bottom to the top. */
function allBelow(payload: MadePayload): readonly MadePayload[] {
  return [...payload.design.on, payload];
}

/** One thing that somebody does; numbers beyond what there is wrap around. */
export interface Deed {
  readonly kind: "apply" | "force" | "revert" | "replace" | "unload" | "upload";
  readonly who: number;
}

export interface LivedHost {
  readonly model: XenModel;
  readonly reverted: ReadonlySet<string>;
}

/** Whatever the hypervisor refuses has no effect. */
export function live(universe: readonly MadePayload[], deeds: readonly Deed[]): LivedHost {
  const model = syntheticModel();
  const reverted = new Set<string>();
  const act = (request: ActionRequest) => model.act(request).kind;
  for (const { kind, who } of deeds) {
    const payload = universe[who % universe.length];
    if (payload === undefined) continue;
    const { name } = payload;
    const before = model.applied;
    if (kind === "unload") {
      const isUsed = universe.some((user) => {
        return model.payload(user.name) !== undefined && uses(user, payload);
      });
      if (
        !isUsed &&
        act({ action: "unload", name, dependencyCheck: "whole-chain" }) === "accepted"
      ) {
        reverted.delete(name);
      }
    } else if (kind === "revert") {
      const top = model.applied.at(-1);
      if (top !== undefined) act({ action: "revert", name: top, dependencyCheck: "whole-chain" });
    } else {
      if (model.payload(name) === undefined) model.upload(name, payload.bytes);
      const isFree = kind === "force" || mayIgnoreDependency(payload.facts);
      const dependencyCheck = isFree ? "hypervisor-only" : "whole-chain";
      if (kind === "replace") act({ action: "replace", name, dependencyCheck: "whole-chain" });
      else if (kind !== "upload") act({ action: "apply", name, dependencyCheck });
    }
    for (const gone of before.filter((other) => !model.applied.includes(other))) reverted.add(gone);
  }
  return { model, reverted };
}

export function uses(user: MadePayload, provider: MadePayload): boolean {
  return user.facts.imports?.some((name) => provider.facts.exports?.includes(name)) ?? false;
}

/** @param told of which payloads more than the metadata is known */
export function stateOf(
  { model, reverted }: LivedHost,
  universe: readonly MadePayload[],
  told: (name: string) => boolean,
): HostState {
  const loaded = model.list().map(({ name, state, metadata }): LoadedPayload => {
    const payload = universe.find((made) => made.name === name);
    const facts = payload !== undefined && told(name) ? payload.facts : factsOfMetadata(metadata);
    const history = reverted.has(name) ? "reverted" : "never-reverted";
    return { name, status: { kind: state }, facts, history };
  });
  return {
    xenBuildId: XEN_ID,
    bootId: "boot",
    nodeps: "possible",
    loaded,
    stack: { kind: "known", names: model.applied, evidence: "host" },
  };
}
