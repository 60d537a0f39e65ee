// Simulates one way: uploads as early as possible, the moves that must come before them, the remaining
// moves, and at the end the unloading of payloads that are not wanted.

import { type FunctionGroup, findMissing, type MissingFix } from "./coverage.ts";
import { stillReached } from "./held-words.ts";
import { dataLost } from "./obstacle-words.ts";
import type { Piece } from "./piece.ts";
import type { Relations } from "./relations.ts";
import { DeadEnd, type Step, type World } from "./world.ts";

export type Move =
  | { readonly kind: "revert" }
  | { readonly kind: "apply" | "replace"; readonly piece: Piece };

export interface Goal {
  /** The payloads applied at the end, from the bottom to the top. */
  readonly wanted: readonly Piece[];
  /** Unloaded at the end, unless another payload needs it. */
  readonly unwanted: ReadonlySet<Piece>;
  /** Whether a payload that stays may lose the state in its data. */
  readonly freshData: "refuse" | "allow";
  /** Whether a payload may be unloaded although the hypervisor may still reach it. */
  readonly dangling: "refuse" | "allow";
}

export interface Way {
  readonly steps: readonly Step[];
  /** Stacks: before the first step, and after each. */
  readonly states: readonly (readonly Piece[])[];
  readonly missing: readonly MissingFix[];
  /** Payloads that stay, but whose data is reset. */
  readonly freshData: readonly Piece[];
  /** Not wanted, but left loaded, because a payload that stays refers to it. */
  readonly kept: readonly Piece[];
  /** Not wanted, but left loaded, because the hypervisor may still reach them: a pointer, or a CPU. */
  readonly held: readonly Piece[];
  /** The same, but unloaded, because the user allowed it. */
  readonly dangling: readonly Piece[];
  readonly quiesces: number;
}

export interface WalkContext {
  readonly relations: Relations;
  readonly groups: readonly FunctionGroup[];
  readonly unordered: ReadonlySet<Piece>;
}

/** @throws DeadEnd where Xen would refuse a step, or the step would be unsafe */
export function walk(world: World, moves: readonly Move[], goal: Goal, context: WalkContext): Way {
  const stayed = new Set(world.stack);
  const states = [world.stack.slice()];
  const record = () => {
    while (states.length <= world.steps.length) states.push(world.stack.slice());
  };
  const guarded = new HeldPieces(world, goal);
  prepare(guarded, goal.wanted, context.relations);
  record();
  for (const move of moves) {
    for (const piece of take(world, move)) stayed.delete(piece);
    record();
    if (move.kind !== "apply") prepare(guarded, goal.wanted, context.relations);
    record();
  }
  const freshData = goal.wanted.filter((piece) => isReset(piece, states[0] ?? [], stayed));
  if (goal.freshData === "refuse" && freshData[0] !== undefined) {
    throw new DeadEnd(dataLost(freshData[0]));
  }
  const { kept, held } = clearUp(guarded, goal.unwanted, context.relations);
  record();
  return {
    steps: world.steps,
    states,
    freshData,
    kept,
    held,
    dangling: guarded.dangling,
    missing: findMissing(states, context.groups, context.unordered),
    quiesces: moves.length,
  };
}

/** Unloads, except what the hypervisor may still reach. */
class HeldPieces {
  readonly world: World;
  readonly dangling: Piece[] = [];
  readonly #goal: Pick<Goal, "dangling" | "wanted">;

  constructor(world: World, goal: Pick<Goal, "dangling" | "wanted">) {
    this.world = world;
    this.#goal = goal;
  }

  mustStay(piece: Piece): boolean {
    return this.#goal.dangling === "refuse" && this.world.isHeld(piece);
  }

  unload(piece: Piece): void {
    if (this.mustStay(piece)) {
      const purpose = this.#goal.wanted.includes(piece) ? "to-reapply" : "to-remove";
      throw new DeadEnd(stillReached(piece, purpose));
    }
    if (this.world.isHeld(piece)) this.dangling.push(piece);
    this.world.unload(piece);
  }
}

/** Payloads that were applied and are not any more. */
function take(world: World, move: Move): readonly Piece[] {
  const before = world.stack.slice();
  switch (move.kind) {
    case "revert":
      world.revert();
      break;
    case "apply":
      world.apply(move.piece);
      break;
    case "replace":
      world.replace(move.piece);
      break;
  }
  return before.filter((piece) => !world.isApplied(piece));
}

function isReset(piece: Piece, before: readonly Piece[], stayed: ReadonlySet<Piece>): boolean {
  return before.includes(piece) && !stayed.has(piece) && piece.facts.data !== "none";
}

/** Uploads the wanted payloads, unless an applied payload prevents it. */
function prepare(guarded: HeldPieces, wanted: readonly Piece[], relations: Relations): void {
  const { world } = guarded;
  for (let goesOn = true; goesOn; ) {
    goesOn = false;
    for (const piece of wanted) {
      if (world.isApplied(piece) || world.isReady(piece)) continue;
      const leaving = findLeaving(world, piece, relations);
      if (leaving === undefined) continue;
      const staying = world.loaded.filter((other) => !leaving.includes(other));
      if (piece.file === undefined || !world.hasProviders(piece, staying)) continue;
      for (const other of leaving) guarded.unload(other);
      world.upload(piece);
      goesOn = true;
    }
  }

  // From here on, a payload that is not ready waits for an applied one, or has no file.
}

/** Payloads that must be unloaded before this upload, the last one loaded first. */
function findLeaving(
  world: World,
  piece: Piece,
  relations: Relations,
): readonly Piece[] | undefined {
  const { loaded } = world;
  const inTheWay = loaded.filter(
    (other) => other === piece || relations.clash(piece, other) !== undefined,
  );
  const leaving = new Set([...inTheWay, ...world.usersOf(inTheWay)]);
  const isStuck = [...leaving].some((other) => world.isApplied(other));
  return isStuck ? undefined : loaded.filter((other) => leaving.has(other)).reverse();
}

/** Unloads in reverse load order; returns the payloads that must stay. */
function clearUp(
  guarded: HeldPieces,
  unwanted: ReadonlySet<Piece>,
  { refers }: Relations,
): Pick<Way, "kept" | "held"> {
  const { world } = guarded;
  const kept: Piece[] = [];
  const held: Piece[] = [];
  const staying = new Set(world.loaded.filter((piece) => !unwanted.has(piece)));
  for (const piece of world.loaded.slice().reverse()) {
    if (!unwanted.has(piece) || world.isApplied(piece)) continue;
    const order = world.loaded;
    const users = order.slice(order.indexOf(piece) + 1);
    if (users.some((user) => staying.has(user) && refers(user, piece) !== "no")) {
      staying.add(piece);
      kept.push(piece);
    } else if (guarded.mustStay(piece)) {
      staying.add(piece);
      held.push(piece);
    } else guarded.unload(piece);
  }
  return { kept, held };
}
