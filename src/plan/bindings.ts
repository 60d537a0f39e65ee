// What a loaded payload is bound to. Xen resolves the symbols of a payload once, at upload, and keeps no
// count of who refers to whom: it frees a payload though another one refers to it, and applies the other
// one nevertheless. What it reads then is freed memory, and the host dies (old-code guard, section 4;
// the marker that a guard compares is such a symbol).

import type { Action, ActOptions } from "../host/host.ts";
import { inUse, unbound } from "./binding-words.ts";
import { noAddresses } from "./code-range.ts";
import { stillReached } from "./held-words.ts";
import { type HostState, isHeld } from "./host-state.ts";
import type { Obstacle } from "./obstacle.ts";
import { burying } from "./obstacle-words.ts";
import { type Piece, replacesFunction } from "./piece.ts";
import { type Relations, relationsOf } from "./relations.ts";

export interface BoundStep {
  readonly action: Action;
  /** Of a loaded payload. */
  readonly name: string;
  readonly dependencyCheck: ActOptions["dependencyCheck"];
  /** Whether an unload may leave dangling pointers in the hypervisor, and CPUs in freed code. */
  readonly dangling?: "refuse" | "allow";
}

/**
 * Why the step would leave, or use, a payload that refers to an unloaded one, or would undo a fix
 * without Xen noticing. Only certain cases, so that payloads of which nothing is known can still be
 * handled.
 */
export function findBrokenBinding(step: BoundStep, state: HostState): Obstacle | undefined {
  const pieces = state.loaded.map(({ name, facts }): Piece => ({ name, facts, file: undefined }));
  const index = pieces.findIndex(({ name }) => name === step.name);
  const piece = pieces[index];
  if (piece === undefined || step.action === "revert") return undefined;
  const relations = relationsOf(pieces, state.xenBuildId, noAddresses);
  if (step.action === "unload") {
    // A payload that was loaded before cannot be bound to it.
    const users = pieces.slice(index + 1).filter((user) => relations.refers(user, piece) === "yes");
    if (users.length > 0) return inUse(piece, users);
    const history = state.loaded[index]?.history;
    return step.dangling !== "allow" && isHeld(piece, history) ? stillReached(piece) : undefined;
  }
  const before = pieces.slice(0, index);
  const isGone = (id: string): boolean => {
    const owner = relations.withId(id);
    // After another upload it is at another address.
    if (owner !== undefined)
      return !before.includes(owner) && relations.refers(piece, owner) !== "no";
    if (id !== piece.facts.depends) return true;
    // Xen itself checks what it depends on, unless it is told not to.
    return step.dependencyCheck === "hypervisor-only" && state.xenBuildId !== undefined;
  };
  const gone = relations.needs(piece).find(isGone);
  if (gone !== undefined) return unbound(piece, gone, relations);
  return step.action === "apply"
    ? findBuried(piece, appliedOf(state, pieces), relations)
    : undefined;
}

/**
 * A fix that would be undone: where a payload below has written a jump, old code is compared without
 * the jump's distance, which differs at each load. So Xen cannot see whose jump it is, unless the
 * payload also requires a cover (payload/marker.ts); a payload of mode stack that is forced onto
 * another one does not.
 */
function findBuried(
  piece: Piece,
  applied: readonly Piece[],
  { knows }: Relations,
): Obstacle | undefined {
  if (piece.facts.mode === undefined) return undefined;
  const replacedBy = (name: string) => applied.filter((lower) => replacesFunction(lower, name));
  for (const name of piece.facts.functions ?? []) {
    const lower = replacedBy(name);
    const stranger = lower.find((other) => !knows(piece, other));
    const isJumpExpected = lower.some((other) => knows(piece, other));
    if (stranger !== undefined && isJumpExpected) return burying(piece, stranger, name);
  }
  return undefined;
}

function appliedOf({ stack }: HostState, pieces: readonly Piece[]): readonly Piece[] {
  return pieces.filter(({ name }) => stack.names.includes(name));
}
