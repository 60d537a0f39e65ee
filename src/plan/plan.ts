// From what a host runs to what it should run: the steps, the effect of each on every function, and
// whether a fix is missing in between; or why there is no way. Pure: the same state and wish give the
// same plan.

import { invariant } from "../invariant.ts";
import { sameSymbol } from "./binding-words.ts";
import { type Choice, chooseWay, type Search } from "./choose-way.ts";
import { type AddressOf, noAddresses } from "./code-range.ts";
import { groupFunctions } from "./coverage.ts";
import { stillReached } from "./held-words.ts";
import { fingerprintOf, type HostState, type LoadedPayload } from "./host-state.ts";
import { goneNotice, noticesOf } from "./notices.ts";
import type { Obstacle } from "./obstacle.ts";
import {
  fileAgainstMoment,
  momentForbidden,
  unknownHypervisor,
  unknownStack,
  wrongHypervisor,
} from "./obstacle-words.ts";
import type { Ground } from "./order.ts";
import type { GivenPayload, Piece } from "./piece.ts";
import { PLAN_VERSION, type Plan } from "./plan-form.ts";
import { type Relations, relationsOf } from "./relations.ts";
import { missingIn, stepsOf, wholeChange } from "./steps-of-way.ts";
import { type Cast, castFor, goneAlready, type Wish } from "./wish.ts";
import { World } from "./world.ts";

export interface PlanOptions {
  /** Files of loaded payloads whose facts the host does not report. */
  readonly files?: readonly GivenPayload[];
  /** From xen-syms, so that two names of one function are seen to be one. */
  readonly addressOf?: AddressOf;
  /** `allow`: a payload may be reverted and applied again although its data is reset. */
  readonly freshData?: "refuse" | "allow";
  /** `allow`: payloads may be unloaded although the hypervisor may still reach them. */
  readonly dangling?: "refuse" | "allow";
  /**
   * `refuse`: no plan rather than one with a moment in which a fix is missing; `refuse-avoidable`: only
   * if a missing payload file may be the sole reason for that moment.
   */
  readonly moments?: "refuse" | "refuse-avoidable" | "allow";
}

export type Planned =
  | { readonly kind: "plan"; readonly plan: Plan }
  | { readonly kind: "refused"; readonly obstacles: readonly [Obstacle, ...Obstacle[]] };

/**
 * Keeps every fix that stays in force throughout, if that is possible; loses no state, unless allowed;
 * then needs as few rendezvous of all CPUs as possible.
 */
export function makePlan(state: HostState, wish: Wish, options: PlanOptions = {}): Planned {
  const cast = castFor(state, wish, options.files ?? []);
  const search = searchFor(state, cast, options);
  const standing = [
    ...cast.obstacles,
    ...standingObstacles(state, search, search.ground.relations),
  ];
  if (isNotEmpty(standing)) return { kind: "refused", obstacles: standing };
  const choice = chooseWay(search);
  if (choice.kind === "none") {
    const { stack } = state;
    const unknown = stack.kind === "unknown" ? [unknownStack(search.stack, stack.reasons)] : [];
    const obstacles = [...unknown, ...choice.obstacles];
    invariant(isNotEmpty(obstacles), "no way, and nothing in the way");
    return { kind: "refused", obstacles };
  }
  // On another goal they may stay loaded; here, unloading is all that was asked for.
  const held = isForNothing(wish) ? choice.way.held.map((piece) => stillReached(piece)) : [];
  if (isNotEmpty(held)) return { kind: "refused", obstacles: held };
  if (options.moments === "refuse" && choice.way.missing.length > 0) {
    const moment = momentForbidden(choice.way.missing);
    return { kind: "refused", obstacles: [moment, ...choice.obstacles] };
  }
  if (options.moments === "refuse-avoidable" && choice.way.missing.length > 0) {
    const wanting = filesAgainstMoment(state, wish, options);
    if (isNotEmpty(wanting)) return { kind: "refused", obstacles: wanting };
  }
  return { kind: "plan", plan: planOf(state, search, choice, wish) };
}

function isForNothing(wish: Wish): boolean {
  return wish.kind === "apply-exactly" && wish.payloads.length === 0;
}

/** Empty if such a moment would exist whatever the unknown hooks are. */
function filesAgainstMoment(
  state: HostState,
  wish: Wish,
  options: PlanOptions,
): readonly Obstacle[] {
  const isUnknown = ({ name, facts }: LoadedPayload) => {
    const isApplied = state.stack.names.includes(name);
    const isGiven = facts.buildId !== undefined && ids.has(facts.buildId);
    return facts.hooks === undefined && isApplied && !isGiven;
  };
  const ids = new Set((options.files ?? []).map(({ facts }) => facts.buildId));
  const unknown = state.loaded.filter(isUnknown);
  if (unknown.length === 0) return [];
  const loaded = state.loaded.map((payload): LoadedPayload => {
    const { facts } = payload;
    return isUnknown(payload) ? { ...payload, facts: { ...facts, hooks: [] } } : payload;
  });
  const best = makePlan({ ...state, loaded }, wish, { ...options, moments: "allow" });
  if (best.kind === "refused" || best.plan.missing.length > 0) return [];
  return unknown.map(({ name }) => fileAgainstMoment(name));
}

function searchFor(state: HostState, cast: Cast, options: PlanOptions): Search {
  const loaded = cast.loaded.map(({ piece }) => piece);
  const moving = [...new Set([...loaded, ...cast.wanted])];
  const ids = new Set(moving.map(({ facts }) => facts.buildId));
  // Not to be applied, but a payload may have been built on one of them.
  const others = (options.files ?? [])
    .filter(({ facts }) => !ids.has(facts.buildId))
    .map((file): Piece => ({ name: file.name, facts: file.facts, file }));
  const pieces = [...moving, ...others];
  const { xenBuildId, nodeps } = state;
  const relations = relationsOf(pieces, xenBuildId, options.addressOf ?? noAddresses);
  const stack = state.stack.names.flatMap(
    (name) => loaded.find((piece) => piece.name === name) ?? [],
  );
  const unordered = new Set(state.stack.kind === "unknown" ? stack : []);
  const ground: Ground = { xenBuildId, nodeps, relations, unordered };
  const histories = new Map(cast.loaded.map(({ piece, payload }) => [piece, payload.history]));
  return {
    stack,
    wanted: cast.wanted,
    ground,
    goal: {
      unwanted: cast.unwanted,
      freshData: options.freshData ?? "refuse",
      dangling: options.dangling ?? "refuse",
    },
    context: { relations, groups: groupFunctions(pieces), unordered },
    world: () => new World(ground, histories, stack),
  };
}

/** Obstacles that no order of steps avoids. */
function standingObstacles(
  { xenBuildId }: HostState,
  { wanted, stack }: Search,
  relations: Relations,
): readonly Obstacle[] {
  const coming = wanted.filter((piece) => !stack.includes(piece));
  if (xenBuildId === undefined) return coming.length === 0 ? [] : [unknownHypervisor()];
  const strangers = coming.filter(({ facts }) => {
    return facts.xenDepends !== undefined && facts.xenDepends !== xenBuildId;
  });
  const pairs = wanted.flatMap((one, index) =>
    wanted.slice(index + 1).flatMap((other) => {
      const symbol = relations.clash(one, other);
      return symbol === undefined ? [] : [sameSymbol(one, other, symbol)];
    }),
  );
  return [...strangers.map((piece) => wrongHypervisor(piece, xenBuildId)), ...pairs];
}

function planOf(
  state: HostState,
  search: Search,
  { way, obstacles }: Choice & { readonly kind: "way" },
  wish: Wish,
): Plan {
  const { groups, unordered, relations } = search.context;
  const renamed = renamedIn(search, wish);
  return {
    version: PLAN_VERSION,
    fingerprint: fingerprintOf(state),
    host: { xenBuildId: state.xenBuildId, bootId: state.bootId },
    steps: stepsOf(way, groups),
    functions: wholeChange(way, groups),
    missing: missingIn(way),
    whyMissing: way.missing.length === 0 ? [] : obstacles.map(({ problem }) => problem),
    notices: [
      ...goneAlready(state, wish).map(goneNotice),
      ...noticesOf(way, { renamed, unordered, relations }),
    ],
    quiesces: way.quiesces,
    stack: (way.states.at(-1) ?? []).map(({ name }) => name),
  };
}

/** Loaded, or uploaded, under another name than that of their file. */
function renamedIn({ wanted }: Search, wish: Wish): readonly Piece[] {
  if (wish.kind !== "apply-exactly") return [];
  return wanted.filter(({ name, file }) => file !== undefined && file.name !== name);
}

function isNotEmpty(list: readonly Obstacle[]): list is readonly [Obstacle, ...Obstacle[]] {
  return list.length > 0;
}
