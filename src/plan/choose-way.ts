// The best way from what is applied to what is wanted. Three rules leave few ways to compare:
//
// - A payload that is not wanted is never applied, not even for a moment.
// - What is applied and later lifted again, without a replace in between, could have been left out:
//   the way is shorter then, and passes through fewer states.
// - So each way begins with reverting down to some prefix of the stack. Then it builds on that, or
//   replaces, at most twice (the second time when the payload that is to lie at the bottom is
//   itself in the prefix, and must be out of use before it can take over), or replaces and reverts
//   for a shorter way to nothing. Then it applies the rest, in the order that order.ts finds.
//
// A test searches everything on small sets and finds nothing better.

import type { Obstacle } from "./obstacle.ts";
import { type Ground, orderOn } from "./order.ts";
import type { Piece } from "./piece.ts";
import { type Goal, type Move, type WalkContext, type Way, walk } from "./way.ts";
import { DeadEnd, type World } from "./world.ts";

export interface Search {
  /** The applied payloads, from the bottom to the top. */
  readonly stack: readonly Piece[];
  /** The wanted payloads, in any order; the earlier one first where both orders are possible. */
  readonly wanted: readonly Piece[];
  readonly goal: Omit<Goal, "wanted">;
  readonly ground: Ground;
  readonly context: WalkContext;
  /** A new simulation of the host's present state. */
  readonly world: () => World;
}

export type Choice =
  | {
      readonly kind: "way";
      readonly way: Way;
      /** Why no better way exists, if this one leaves a fix out for a moment. */
      readonly obstacles: readonly Obstacle[];
    }
  | { readonly kind: "none"; readonly obstacles: readonly Obstacle[] };

export function chooseWay(search: Search): Choice {
  const attempts = new Attempts(search);
  if (search.ground.unordered.size > 0) {
    tryWithoutOrder(search, attempts);
    return attempts.choice();
  }
  tryBuilding(search, attempts);
  for (const piece of search.wanted) tryReplacing(search, attempts, piece);
  if (attempts.canBeat(search.wanted.length + 1)) {
    for (const piece of search.wanted) tryReplacingTwice(search, attempts, piece);
  }
  if (attempts.canBeat(search.wanted.length + 2)) {
    for (const piece of search.wanted) tryClearing(search, attempts, piece);
  }
  return attempts.choice();
}

/** Nothing can be reverted: it is unknown which payload is on top. */
function tryWithoutOrder({ stack, wanted, ground }: Search, attempts: Attempts): void {
  if (stack.every((piece) => wanted.includes(piece))) {
    const rest = wanted.filter((piece) => !stack.includes(piece));
    attempts.tryOn(stack, rest, []);
  }
  for (const piece of wanted) {
    if (stack.includes(piece) || !canBeAlone(piece, ground)) continue;
    const rest = wanted.filter((other) => other !== piece);
    attempts.tryOn([piece], rest, [{ kind: "replace", piece }]);
  }
}

function tryBuilding({ stack, wanted }: Search, attempts: Attempts): void {
  for (let kept = stack.length; kept >= 0; kept--) {
    const below = stack.slice(0, kept);
    if (!below.every((piece) => wanted.includes(piece))) continue;
    const rest = wanted.filter((piece) => !below.includes(piece));
    if (attempts.tryOn(below, rest, reverts(stack.length - kept))) return;
  }
}

function tryReplacing({ stack, wanted, ground }: Search, attempts: Attempts, piece: Piece): void {
  if (!canBeAlone(piece, ground)) return;
  const rest = wanted.filter((other) => other !== piece);
  for (const start of startsWithout(piece, stack)) {
    if (attempts.tryOn([piece], rest, [...start, { kind: "replace", piece }])) return;
  }
}

function tryReplacingTwice(
  { stack, wanted, ground }: Search,
  attempts: Attempts,
  piece: Piece,
): void {
  if (!canBeAlone(piece, ground)) return;
  const rest = wanted.filter((other) => other !== piece);
  for (const first of rest) {
    if (!canBeAlone(first, ground)) continue;
    for (const start of startsWithout(first, stack)) {
      const moves: Move[] = [
        ...start,
        { kind: "replace", piece: first },
        { kind: "replace", piece },
      ];
      if (attempts.tryOn([piece], rest, moves)) break;
    }
  }
}

function tryClearing({ stack, wanted, ground }: Search, attempts: Attempts, piece: Piece): void {
  if (!canBeAlone(piece, ground)) return;
  for (const start of startsWithout(piece, stack)) {
    const moves: Move[] = [...start, { kind: "replace", piece }, { kind: "revert" }];
    if (attempts.tryOn([], wanted, moves)) return;
  }
}

/**
 * Xen accepts a replace only by a payload that depends on the hypervisor itself (ABI reference §3, rule
 * 2).
 */
function canBeAlone(piece: Piece, { xenBuildId, relations }: Ground): boolean {
  const isOnXen = xenBuildId !== undefined && piece.facts.depends === xenBuildId;
  return isOnXen && relations.needs(piece).length === 0;
}

/** Reverts as little as possible, until the piece is not in use; something stays applied. */
function startsWithout(piece: Piece, stack: readonly Piece[]): readonly (readonly Move[])[] {
  const index = stack.indexOf(piece);
  const most = index < 0 ? stack.length : index;
  return Array.from({ length: most }, (_, less) => reverts(stack.length - most + less));
}

function reverts(count: number): readonly Move[] {
  return Array.from({ length: count }, () => ({ kind: "revert" }));
}

/** The best way so far, and why the other ways failed. */
class Attempts {
  readonly #search: Search;
  #best: Way | undefined;
  readonly #obstacles: Obstacle[] = [];

  constructor(search: Search) {
    this.#search = search;
  }

  /** Applies the moves, then the rest on top of `below`. Returns whether that works. */
  tryOn(below: readonly Piece[], rest: readonly Piece[], moves: readonly Move[]): boolean {
    const { ground, goal, context, world } = this.#search;
    const ordering = orderOn(below, rest, ground);
    if (ordering.kind === "none") {
      this.#obstacles.push(...ordering.obstacles);
      return false;
    }
    const wanted = [...below, ...ordering.pieces];
    const last = ordering.pieces.map((piece) => ({ kind: "apply", piece }) as const);
    try {
      const way = walk(world(), [...moves, ...last], { ...goal, wanted }, context);
      if (this.#best === undefined || isBetter(way, this.#best)) this.#best = way;
      return true;
    } catch (error) {
      if (!(error instanceof DeadEnd)) throw error;
      this.#obstacles.push(error.obstacle);
      return false;
    }
  }

  /** Whether a way with at least this many quiesces could be better. */
  canBeat(quiesces: number): boolean {
    const best = this.#best;
    if (best === undefined || best.missing.length + best.freshData.length > 0) return true;
    return best.quiesces > quiesces;
  }

  choice(): Choice {
    const obstacles = withoutTwins(this.#obstacles);
    if (this.#best === undefined) return { kind: "none", obstacles };
    return { kind: "way", way: this.#best, obstacles };
  }
}

/** First no moment without a fix; then no lost state; then few quiesces; then few steps. */
function isBetter(one: Way, other: Way): boolean {
  const costs = ({ missing, freshData, quiesces, steps }: Way) => [
    ...[missing.length, freshData.length, quiesces, steps.length],
  ];
  const theirs = costs(other);
  const difference = costs(one).map((cost, index) => cost - (theirs[index] ?? 0));
  return (difference.find((value) => value !== 0) ?? 0) < 0;
}

function withoutTwins(obstacles: readonly Obstacle[]): readonly Obstacle[] {
  return [...new Map(obstacles.map((item) => [JSON.stringify(item), item])).values()];
}
