// A simulated host on which the steps of a way are tried: the loaded payloads in their order, and the
// stack. It knows whether Xen would accept each step (ABI reference §2, §3).

import { hooksAgainstReplace } from "../xen-abi/hooks.ts";
import { blocked } from "./binding-words.ts";
import { isHeld, type LoadedPayload, leavingMsOf, sleepsOf } from "./host-state.ts";
import type { Obstacle } from "./obstacle.ts";
import { hookAgainst, noFile, unknownHooks } from "./obstacle-words.ts";
import { type Ground, mayFloat, topId } from "./order.ts";
import type { Piece } from "./piece.ts";

export type Step =
  | { readonly action: "upload" | "revert" | "replace"; readonly piece: Piece }
  | {
      readonly action: "unload";
      readonly piece: Piece;
      /** For CPUs to leave its code, in ms. */
      readonly afterMs: number;
      /** Where a vCPU may sleep meanwhile. */
      readonly sleeps: readonly string[];
    }
  | {
      readonly action: "apply";
      readonly piece: Piece;
      readonly dependencyCheck: "whole-chain" | "hypervisor-only";
    };

/** Ends the way that is being tried; never leaves the planner. */
export class DeadEnd {
  readonly obstacle: Obstacle;

  constructor(obstacle: Obstacle) {
    this.obstacle = obstacle;
  }
}

type History = LoadedPayload["history"];

export class World {
  readonly #ground: Ground;
  /** In load order. */
  readonly #loaded: Map<Piece, History>;
  readonly #stack: Piece[];
  readonly steps: Step[] = [];

  constructor(ground: Ground, loaded: ReadonlyMap<Piece, History>, stack: readonly Piece[]) {
    this.#ground = ground;
    this.#loaded = new Map(loaded);
    this.#stack = [...stack];
  }

  /** From the bottom to the top. */
  get stack(): readonly Piece[] {
    return this.#stack;
  }

  get loaded(): readonly Piece[] {
    return [...this.#loaded.keys()];
  }

  isApplied(piece: Piece): boolean {
    return this.#stack.includes(piece);
  }

  /** Loaded, with unchanged data, and bound to payloads that are loaded now: Xen would apply it. */
  isReady(piece: Piece): boolean {
    const history = this.#loaded.get(piece);
    if (history === undefined) return false;
    const isUsed = history !== "never-reverted" && piece.facts.data !== "none";
    return !isUsed && this.#isBound(piece);
  }

  /** Loaded payloads that refer, or may refer, to one of `providers`, directly or indirectly. */
  usersOf(providers: readonly Piece[]): ReadonlySet<Piece> {
    const { refers } = this.#ground.relations;
    const users = new Set<Piece>();
    const open = [...providers];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const user of this.#loadedAfter(next)) {
        if (users.has(user) || refers(user, next) === "no") continue;
        users.add(user);
        open.push(user);
      }
    }
    return users;
  }

  /** Not applied any more, but the hypervisor may still reach it. */
  isHeld(piece: Piece): boolean {
    return !this.isApplied(piece) && isHeld(piece, this.#loaded.get(piece));
  }

  /**
   * Whether every symbol that the payload imports from other payloads is loaded.
   * @param before payloads that count as loaded
   */
  hasProviders(piece: Piece, before: readonly Piece[] = this.loaded): boolean {
    const known = new Set(before);
    const providers = this.#ground.relations.providers(piece);
    return providers.every((owners) => owners.some((owner) => known.has(owner)));
  }

  upload(piece: Piece): void {
    if (piece.file === undefined) throw new DeadEnd(noFile(piece));
    this.#loaded.set(piece, "never-reverted");
    this.steps.push({ action: "upload", piece });
  }

  unload(piece: Piece): void {
    const history = this.#loaded.get(piece);
    const [afterMs, sleeps] = [leavingMsOf(piece, history), sleepsOf(piece, history)];
    this.#loaded.delete(piece);
    this.steps.push({ action: "unload", piece, afterMs, sleeps });
  }

  /** Reverts the topmost payload. */
  revert(): void {
    const piece = this.#stack.pop();
    if (piece === undefined) return;
    this.#loaded.set(piece, "reverted");
    this.steps.push({ action: "revert", piece });
  }

  /** The caller has checked the order. */
  apply(piece: Piece): void {
    this.#requireReady(piece);
    const isChained = piece.facts.depends === topId(this.#stack, this.#ground);
    const dependencyCheck =
      !isChained && mayFloat(piece, this.#ground) ? "hypervisor-only" : "whole-chain";
    this.#stack.push(piece);
    this.steps.push({ action: "apply", piece, dependencyCheck });
  }

  /** Replaces all applied payloads. */
  replace(piece: Piece): void {
    this.#requireReady(piece);
    for (const involved of [...this.#stack, piece]) {
      const { hooks } = involved.facts;
      if (hooks === undefined) throw new DeadEnd(unknownHooks(involved));
      const hook = hooks.find((kind) => hooksAgainstReplace.includes(kind));
      if (hook !== undefined) throw new DeadEnd(hookAgainst(involved, hook));
    }
    for (const older of this.#stack) this.#loaded.set(older, "reverted");
    this.#stack.splice(0, this.#stack.length, piece);
    this.steps.push({ action: "replace", piece });
  }

  #requireReady(piece: Piece): void {
    if (this.isReady(piece)) return;
    if (piece.file === undefined) throw new DeadEnd(noFile(piece));
    throw new DeadEnd(blocked(piece));
  }

  #isBound(piece: Piece): boolean {
    const order = this.loaded;
    return this.hasProviders(piece, order.slice(0, order.indexOf(piece)));
  }

  #loadedAfter(piece: Piece): readonly Piece[] {
    const order = this.loaded;
    return order.slice(order.indexOf(piece) + 1);
  }
}
