// The texts of the planner's refusals about symbols, and about references to a loaded payload.

import type { Obstacle } from "./obstacle.ts";
import { nameOfId } from "./obstacle-words.ts";
import type { Piece } from "./piece.ts";
import type { Relations } from "./relations.ts";

/** It is not ready, and the payload that prevents it stays applied. */
export function blocked(piece: Piece): Obstacle {
  return {
    code: "plan/in-use",
    problem: `Cannot upload "${piece.name}": a payload that is applied has its symbols, or refers to it`,
    expected: "payloads in its way that are not in use",
    remedy: "revert and unload them first",
  };
}

/** @param users loaded payloads, the last one loaded at the end */
export function inUse(provider: Piece, users: readonly Piece[]): Obstacle {
  const names = users.map(({ name }) => `"${name}"`).join(", ");
  const refer = users.length === 1 ? "refers" : "refer";
  return {
    code: "plan/in-use",
    problem: `Cannot unload "${provider.name}": ${names} ${refer} to it, and Xen would free it nevertheless`,
    expected: "no loaded payload that refers to it: applying one afterwards crashes the host",
    remedy: users
      .toReversed()
      .map(({ name }) => `"xsplice unload ${name}"`)
      .join(", then ")
      .concat(" first"),
  };
}

/** Xen bound it at upload to a payload that was unloaded since. */
export function unbound(piece: Piece, buildId: string, relations: Relations): Obstacle {
  const again = relations.withId(buildId) === undefined ? "" : ", and was uploaded again since";
  return {
    code: "plan/unbound",
    problem: `Cannot apply "${piece.name}": it refers to ${nameOfId(buildId, relations)}, which was unloaded${again}`,
    expected:
      "the payload that it refers to still loaded: otherwise Xen reads freed memory, and the host crashes",
    remedy: `"xsplice unload ${piece.name}", then upload it again, after what it refers to`,
  };
}

export function sameSymbol(one: Piece, other: Piece, symbol: string): Obstacle {
  return {
    code: "plan/same-symbol",
    problem: `Cannot have both "${one.name}" and "${other.name}" loaded: both bring a symbol "${symbol}"`,
    expected:
      "names that no other payload has, as xSplice makes them; two that add members to one structure need bytes of their own",
    remedy:
      "build one of them again: with members in other bytes (xsplice.holds…), or --on the other",
  };
}
