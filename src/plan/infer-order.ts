// Derives the order of the applied payloads from the payloads themselves. Xen applies a payload only on
// what it depends on, unless that check is skipped, which xSplice does for independent payloads only.
// So the others follow what they depend on without a gap, in blocks.

import { mayIgnoreDependency } from "../payload/stacking.ts";
import type { Piece } from "./piece.ts";
import type { Relations } from "./relations.ts";

export type InferredOrder =
  /** From the bottom to the top. */
  | { readonly kind: "order"; readonly pieces: readonly Piece[] }
  | {
      readonly kind: "open";
      /** The pairs whose order is known. */
      readonly known: readonly (readonly [below: Piece, above: Piece])[];
      readonly reasons: readonly string[];
    };

/** @param applied at least two, in any order */
export function inferOrder(
  applied: readonly Piece[],
  xenBuildId: string | undefined,
  relations: Relations,
): InferredOrder {
  const doubts = [
    ...applied.flatMap((piece) => findDoubt(piece, applied, xenBuildId)),
    ...findRivals(applied),
    ...findCircles(applied),
  ];
  if (doubts.length > 0) {
    const known = pairsOf(applied, (lower, upper) => relations.knows(upper, lower));
    return { kind: "open", known, reasons: doubts };
  }
  const blocks = blocksOf(applied);
  const isUnder = closure(blocks, (lower, upper) => {
    const root = lower[0];
    const isBottom = root !== undefined && !isFree(root) && root.facts.depends === xenBuildId;
    return isBottom || upper.some((one) => lower.some((other) => relations.knows(one, other)));
  });
  const depth = (block: Block) => blocks.filter((other) => isUnder(other, block)).length;
  const sorted = blocks.toSorted((one, other) => depth(one) - depth(other));
  const open = sorted.slice(1).flatMap((upper, index) => {
    const lower = sorted[index];
    return lower === undefined || isUnder(lower, upper) ? [] : [[lower, upper] as const];
  });
  // If every neighbouring pair is certain, so is the whole order.
  if (open.length === 0) return { kind: "order", pieces: sorted.flat() };
  const blockOf = (piece: Piece) => blocks.find((block) => block.includes(piece)) ?? [];
  const known = pairsOf(applied, (lower, upper) => {
    const [under, over] = [blockOf(lower), blockOf(upper)];
    return under === over ? under.indexOf(lower) < under.indexOf(upper) : isUnder(under, over);
  });
  const reasons = open.map(
    ([one, other]) => `${listNames(one)} and ${listNames(other)} may be in either order`,
  );
  return { kind: "open", known, reasons };
}

/** From the bottom to the top. */
type Block = readonly Piece[];

function isFree({ facts }: Piece): boolean {
  return mayIgnoreDependency(facts);
}

function blocksOf(applied: readonly Piece[]): readonly Block[] {
  const followerOf = ({ facts: { buildId } }: Piece) =>
    // Two that nothing is known of do not follow each other, let alone themselves.
    buildId === undefined
      ? undefined
      : applied.find((other) => !isFree(other) && other.facts.depends === buildId);
  const followers = new Set(applied.map(followerOf));
  return applied
    .filter((piece) => !followers.has(piece))
    .map((root) => {
      const block = [root];
      for (let next = followerOf(root); next !== undefined; next = followerOf(next))
        block.push(next);
      return block;
    });
}

function closure(
  blocks: readonly Block[],
  isDirectlyUnder: (lower: Block, upper: Block) => boolean,
): (lower: Block, upper: Block) => boolean {
  const above = new Map<Block, Set<Block>>();
  for (const block of blocks) {
    const found = new Set<Block>();
    const open = [block];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const other of blocks) {
        if (other === next || found.has(other) || !isDirectlyUnder(next, other)) continue;
        found.add(other);
        open.push(other);
      }
    }
    above.set(block, found);
  }
  return (lower, upper) => above.get(lower)?.has(upper) ?? false;
}

function pairsOf(
  pieces: readonly Piece[],
  isUnder: (lower: Piece, upper: Piece) => boolean,
): readonly (readonly [Piece, Piece])[] {
  return pieces.flatMap((lower) =>
    pieces
      .filter((upper) => upper !== lower && isUnder(lower, upper))
      .map((upper) => [lower, upper] as const),
  );
}

/** Why its dependency proves nothing. */
function findDoubt(
  piece: Piece,
  applied: readonly Piece[],
  xenBuildId: string | undefined,
): readonly string[] {
  const { name, facts } = piece;
  if (facts.buildId === undefined || facts.depends === undefined) {
    return [
      `it is not known what "${name}" depends on: xSplice did not make it, and its file was not given`,
    ];
  }
  if (isFree(piece) || facts.depends === xenBuildId) return [];
  if (applied.some((other) => other.facts.buildId === facts.depends)) return [];
  return [`"${name}" was applied without what it depends on`];
}

/** Two payloads that would have to be directly on the same thing. */
function findRivals(applied: readonly Piece[]): readonly string[] {
  const seen = new Map<string | undefined, Piece>();
  return applied.flatMap((piece) => {
    const { depends } = piece.facts;
    if (isFree(piece) || depends === undefined) return [];
    const rival = seen.get(depends);
    if (rival === undefined) {
      seen.set(depends, piece);
      return [];
    }
    return [
      `"${rival.name}" and "${piece.name}" depend on the same build-id, so one of them was applied without the dependency check`,
    ];
  });
}

/** What metadata claims cannot all be true: then it says nothing of the order. */
function findCircles(applied: readonly Piece[]): readonly string[] {
  const ids = applied.flatMap(({ facts }) => facts.buildId ?? []);
  if (new Set(ids).size < ids.length) return ["two payloads have the same build-id"];
  const placed = new Set(blocksOf(applied).flat());
  const rest = applied.filter((piece) => !placed.has(piece));
  if (rest.length === 0) return [];
  return [
    `by what they say of themselves, ${listNames(rest)} would have to be on top of each other`,
  ];
}

function listNames(block: Block): string {
  return block.map(({ name }) => `"${name}"`).join(", ");
}
