// Relations between payloads: which was built on which, which changes code that another one changes or
// relies on, which refers to symbols of which, which cannot be loaded together.

import { type AddressOf, findCommonRange } from "./code-range.ts";
import { JUMP_BYTE } from "./facts.ts";
import type { CodeRange, PayloadFacts } from "./facts-form.ts";
import type { Piece } from "./piece.ts";

/** `changedBy` writes code that `user` only guards, because it was compiled against it. */
export interface CompiledAgainst {
  readonly kind: "compiled-against";
  readonly range: CodeRange;
  readonly changedBy: Piece;
  readonly user: Piece;
}

export type Conflict =
  /** Both change the same place. */
  { readonly kind: "overlap"; readonly range: CodeRange } | CompiledAgainst;

type Overlap =
  | { readonly kind: "none" }
  | Conflict
  /** For at least one of the two, it is unknown what it changes. */
  | { readonly kind: "unknown" };

export interface Relations {
  readonly withId: (buildId: string) => Piece | undefined;
  /** Build-ids of payloads that must be applied below it. */
  readonly needs: (piece: Piece) => readonly string[];
  /** Whether `upper` was built with `lower` below it. */
  readonly knows: (upper: Piece, lower: Piece) => boolean;
  /** Whether one changes what the other changes or guards. */
  readonly overlap: (one: Piece, other: Piece) => Overlap;
  /** Jumps that the payload expects, and that none of `others` is known to write. */
  readonly unmetJumps: (piece: Piece, others: readonly Piece[]) => readonly CodeRange[];
  /** Whether `user` binds to symbols of `provider` when it is uploaded after it. */
  readonly refers: (user: Piece, provider: Piece) => "yes" | "no" | "perhaps";
  /** For each imported symbol that some payload defines: the payloads that define it. */
  readonly providers: (user: Piece) => readonly (readonly Piece[])[];
  /** A symbol that both define, so that Xen accepts only one of them at a time. */
  readonly clash: (one: Piece, other: Piece) => string | undefined;
}

/** @param pieces all payloads of later queries */
export function relationsOf(
  pieces: readonly Piece[],
  xenBuildId: string | undefined,
  addressOf: AddressOf,
): Relations {
  const byId = new Map(pieces.map((piece) => [piece.facts.buildId, piece]));
  const byMarker = new Map(pieces.map((piece) => [piece.facts.marker, piece]));
  const needs = remembered((piece: Piece) => needsOf(piece.facts, xenBuildId, byMarker));
  const below = remembered((piece: Piece) => allBelow(piece, needs, byId));
  const exported = remembered((piece: Piece) => new Set(piece.facts.exports));
  const overlap = rememberedPair((one, other) => overlapOf(one, other, addressOf));
  const knows = (upper: Piece, lower: Piece) => below(upper).has(lower);
  return {
    withId: (buildId) => byId.get(buildId),
    needs,
    knows,
    // Both directions report the same place.
    overlap: (one, other) => (one.name < other.name ? overlap(one, other) : overlap(other, one)),
    unmetJumps: (piece, others) => unmetJumpsOf(piece, others, addressOf),
    refers: rememberedPair((user, provider) => refersTo(user, provider, exported, knows)),
    providers: remembered((user) =>
      (user.facts.imports ?? []).flatMap((name) => {
        const owners = pieces.filter((piece) => piece !== user && exported(piece).has(name));
        return owners.length === 0 ? [] : [owners];
      }),
    ),
    clash: rememberedPair((one, other) => {
      if (one === other) return undefined;
      const names = exported(other);
      return one.facts.exports?.find((name) => names.has(name));
    }),
  };
}

function unmetJumpsOf(
  piece: Piece,
  others: readonly Piece[],
  addressOf: AddressOf,
): readonly CodeRange[] {
  const writers = others.filter((other) => other !== piece).map(({ facts }) => claimsOf(facts));
  if (writers.includes(undefined)) return [];
  const writes = writers.flatMap((claims) => claims?.writes ?? []);
  return (piece.facts.jumps ?? []).filter(
    (jump) => findCommonRange([jump], writes, addressOf) === undefined,
  );
}

function refersTo(
  user: Piece,
  provider: Piece,
  exported: (piece: Piece) => ReadonlySet<string>,
  knows: Relations["knows"],
): "yes" | "no" | "perhaps" {
  const { imports, mode } = user.facts;
  if (user === provider || provider.facts.exports?.length === 0) return "no";
  if (imports !== undefined && provider.facts.exports !== undefined) {
    const names = exported(provider);
    return imports.some((name) => names.has(name)) ? "yes" : "no";
  }
  if (knows(user, provider)) return "yes";
  // Payloads of xSplice bind only to payloads that they were built on.
  return mode !== undefined && provider.facts.buildId !== undefined ? "no" : "perhaps";
}

function needsOf(
  { requires, depends, guards }: PayloadFacts,
  xenBuildId: string | undefined,
  byMarker: ReadonlyMap<string | undefined, Piece>,
): readonly string[] {
  const marked = (guards ?? []).flatMap(({ symbol }) => {
    const owner = symbol === undefined ? undefined : byMarker.get(symbol);
    return owner?.facts.buildId ?? [];
  });
  const chained = depends === undefined || depends === xenBuildId ? [] : [depends];
  return [...new Set([...chained, ...(requires ?? []), ...marked])];
}

function allBelow(
  piece: Piece,
  needs: Relations["needs"],
  byId: ReadonlyMap<string | undefined, Piece>,
): ReadonlySet<Piece> {
  const found = new Set<Piece>();
  const open = [piece];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const id of needs(next)) {
      const lower = byId.get(id);
      if (lower === undefined || found.has(lower)) continue;
      found.add(lower);
      open.push(lower);
    }
  }
  return found;
}

function overlapOf(one: Piece, other: Piece, addressOf: AddressOf): Overlap {
  const [ours, theirs] = [claimsOf(one.facts), claimsOf(other.facts)];
  // A payload without changes conflicts with none, except where code under it changes.
  if (ours === undefined || theirs === undefined) return { kind: "unknown" };
  const both =
    findCommonRange(ours.writes, theirs.changes, addressOf) ??
    findCommonRange(theirs.writes, ours.changes, addressOf);
  if (both !== undefined) return { kind: "overlap", range: both };
  const [byUs, byThem] = [
    findCommonRange(ours.writes, theirs.guards, addressOf),
    findCommonRange(theirs.writes, ours.guards, addressOf),
  ];
  if (byUs !== undefined)
    return { kind: "compiled-against", range: byUs, changedBy: one, user: other };
  if (byThem !== undefined)
    return { kind: "compiled-against", range: byThem, changedBy: other, user: one };
  return { kind: "none" };
}

interface Claims {
  readonly writes: readonly CodeRange[];
  /** Those, and all bytes of the functions that it replaces. */
  readonly changes: readonly CodeRange[];
  /**
   * Other bytes that no other payload may write. The whole jump of a payload below belongs to them,
   * although Xen compares only its opcode.
   */
  readonly guards: readonly CodeRange[];
}

function claimsOf({
  writes,
  replaces = [],
  guards = [],
  jumps = [],
  functions,
}: PayloadFacts): Claims | undefined {
  if (writes !== undefined)
    return { writes, changes: [...writes, ...replaces], guards: [...guards, ...jumps] };
  if (functions === undefined) return undefined;
  const entries = functions.map((symbol) => ({ symbol, start: JUMP_BYTE.x86_64, sizeBytes: 1 }));
  return { writes: entries, changes: entries, guards: [] };
}

function remembered<Result>(compute: (piece: Piece) => Result): (piece: Piece) => Result {
  const known = new Map<Piece, Result>();
  return (piece) => {
    const found = known.get(piece);
    if (found !== undefined) return found;
    const result = compute(piece);
    known.set(piece, result);
    return result;
  };
}

/** Cached: queried often while ways are compared, and expensive for long guards. */
function rememberedPair<Result>(
  compute: (one: Piece, other: Piece) => Result,
): (one: Piece, other: Piece) => Result {
  const known = new Map<Piece, Map<Piece, Result>>();
  return (one, other) => {
    const row = known.get(one) ?? new Map<Piece, Result>();
    known.set(one, row);
    if (row.has(other)) return row.get(other) as Result;
    const result = compute(one, other);
    row.set(other, result);
    return result;
  };
}
