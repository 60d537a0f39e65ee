// In which order payloads can be applied on top of the applied ones. Xen accepts a payload if it
// depends on the one applied last (ABI reference §3); only independent ones with a full guard may skip
// that check. So payloads that depend on each other form blocks without a gap, and blocks are sorted by
// which was built on which.

import { invariant } from "../invariant.ts";
import { mayIgnoreDependency } from "../payload/stacking.ts";
import type { Obstacle } from "./obstacle.ts";
import {
  inTheWay,
  missingJump,
  missingLink,
  missingNeed,
  samePlace,
  unknownOverlap,
  wrongWayRound,
} from "./obstacle-words.ts";
import type { Piece } from "./piece.ts";
import type { Relations } from "./relations.ts";

/** Facts about the host that no step changes. */
export interface Ground {
  readonly xenBuildId: string | undefined;
  readonly nodeps: "possible" | "impossible";
  readonly relations: Relations;
  /** Applied payloads whose order is unknown; empty when it is known. */
  readonly unordered: ReadonlySet<Piece>;
}

export type Ordering =
  | { readonly kind: "order"; readonly pieces: readonly Piece[] }
  | { readonly kind: "none"; readonly obstacles: readonly Obstacle[] };

/**
 * @param below payloads that stay applied, from the bottom to the top
 * @param rest payloads to apply on top; where several orders are possible, in this order
 */
export function orderOn(below: readonly Piece[], rest: readonly Piece[], ground: Ground): Ordering {
  const obstacles = [
    ...rest.flatMap((piece) => againstBelow(piece, below, rest, ground)),
    ...rest.flatMap((one, index) =>
      rest.slice(index + 1).flatMap((other) => betweenTwo(one, other, ground)),
    ),
  ];
  const links = linkUp(below, rest, ground);
  obstacles.push(...links.obstacles, ...withoutJumps(below, rest, ground));
  if (obstacles.length > 0) return { kind: "none", obstacles };
  return sortBlocks(links, ground);
}

/** Whether Xen may be told to check only the hypervisor's build-id. */
export function mayFloat({ facts }: Piece, { nodeps }: Ground): boolean {
  return nodeps === "possible" && mayIgnoreDependency(facts);
}

/** Build-id that a payload must depend on to be applied on top; `undefined` when unknown. */
export function topId(below: readonly Piece[], ground: Ground): string | undefined {
  const top = below.at(-1);
  if (top === undefined) return ground.xenBuildId;
  return ground.unordered.has(top) ? undefined : top.facts.buildId;
}

function againstBelow(
  piece: Piece,
  below: readonly Piece[],
  rest: readonly Piece[],
  ground: Ground,
): readonly Obstacle[] {
  const { relations } = ground;
  const present = new Set([...below, ...rest].map(({ facts }) => facts.buildId));
  const isLinked = !mayFloat(piece, ground);
  const missing = relations
    .needs(piece)
    .filter((id) => !present.has(id) && !(isLinked && id === piece.facts.depends))
    .map((id) => missingNeed(piece, id, relations));
  const covered = below.flatMap((lower) => {
    if (relations.knows(piece, lower)) return [];
    const overlap = relations.overlap(piece, lower);
    if (overlap.kind === "none") return [];
    if (relations.knows(lower, piece)) return [wrongWayRound(lower, piece)];
    return overlap.kind === "unknown"
      ? [unknownOverlap(piece, lower)]
      : [inTheWay(piece, lower, overlap)];
  });
  return [...missing, ...covered];
}

/** Reported last: a missing payload's name explains more than the jump that it would have written. */
function withoutJumps(
  below: readonly Piece[],
  rest: readonly Piece[],
  { relations }: Ground,
): readonly Obstacle[] {
  const present = [...below, ...rest];
  return rest.flatMap((piece) =>
    relations.unmetJumps(piece, present).map((range) => missingJump(piece, range)),
  );
}

function betweenTwo(one: Piece, other: Piece, { relations }: Ground): readonly Obstacle[] {
  const overlap = relations.overlap(one, other);
  if (overlap.kind === "none") return [];
  if (relations.knows(one, other) || relations.knows(other, one)) return [];
  if (overlap.kind === "unknown") return [unknownOverlap(one, other)];
  return [inTheWay(one, other, overlap)];
}

/** Payloads that must be applied directly after each other. */
interface Block {
  readonly pieces: Piece[];
}

interface Links {
  readonly blocks: readonly Block[];
  /** Must come first: it depends on the payload that is on top now. */
  readonly first: Block | undefined;
  readonly obstacles: readonly Obstacle[];
}

function linkUp(below: readonly Piece[], rest: readonly Piece[], ground: Ground): Links {
  const obstacles: Obstacle[] = [];
  const byId = new Map(rest.map((piece) => [piece.facts.buildId, piece]));
  const groundId = topId(below, ground);
  const followers = new Map<Piece | "ground", Piece>();
  const floating: Piece[] = [];
  for (const piece of rest) {
    const { depends } = piece.facts;
    if (mayFloat(piece, ground)) {
      floating.push(piece);
      continue;
    }
    const lower = depends === undefined ? undefined : byId.get(depends);
    const place = lower ?? (depends !== undefined && depends === groundId ? "ground" : undefined);
    const rival = place && followers.get(place);
    if (place === undefined) obstacles.push(missingLink(piece, below.at(-1), ground));
    else if (rival === undefined) followers.set(place, piece);
    else obstacles.push(samePlace(rival, piece, place === "ground" ? below.at(-1) : place));
  }
  const blockFrom = (head: Piece): Block => {
    const pieces = [head];
    for (let next = followers.get(head); next; next = followers.get(next)) pieces.push(next);
    return { pieces };
  };
  const grounded = followers.get("ground");
  const first = grounded && blockFrom(grounded);
  const blocks = floating.map(blockFrom);
  return { blocks: first === undefined ? blocks : [first, ...blocks], first, obstacles };
}

/** The next block is always the first one that waits for no other. */
function sortBlocks({ blocks, first }: Links, ground: Ground): Ordering {
  const open = new Set(blocks);
  const pieces: Piece[] = [];
  while (open.size > 0) {
    const ready = [...open].find((block) => {
      if (first !== undefined && open.has(first) && block !== first) return false;
      return [...open].every((other) => other === block || !mustFollow(block, other, ground));
    });
    if (ready === undefined) return { kind: "none", obstacles: [tangle([...open], ground)] };
    pieces.push(...ready.pieces);
    open.delete(ready);
  }
  return { kind: "order", pieces };
}

/** Whether a payload of `block` was built on one of `other`. */
function mustFollow(block: Block, other: Block, { relations }: Ground): boolean {
  return block.pieces.some((upper) => other.pieces.some((lower) => relations.knows(upper, lower)));
}

function tangle(open: readonly Block[], { relations }: Ground): Obstacle {
  const pieces = open.flatMap((block) => block.pieces);
  const pairs = pieces.flatMap((upper) => pieces.map((lower) => ({ upper, lower })));
  const pair = pairs.find(({ upper, lower }) => relations.knows(upper, lower));
  invariant(pair !== undefined, "payloads wait for each other, and none was made for another");
  return wrongWayRound(pair.upper, pair.lower);
}
