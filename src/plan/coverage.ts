// Which fix is in force at each point of a way, and whether one that was in force before and is wanted
// afterwards is missing in between. A function that several payloads replace runs the code of the
// highest of them. Along a way it may run its former code, its future code, or, where one of these two
// was stacked on the other, any version between them. Everything else is a moment without the fix.

import type { Piece } from "./piece.ts";

/** A function, or every effect of a payload besides replacing known functions. */
export type Fix =
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "payload"; readonly name: string };

export interface MissingFix {
  readonly fix: Fix;
  /** Index of the first state in which it is missing, and of the first one that has it again. */
  readonly from: number;
  readonly to: number;
  /** The payload whose code the function runs meanwhile; `undefined` for Xen's own. */
  readonly meanwhile: string | undefined;
}

/** From the bottom to the top. */
type Stack = readonly Piece[];

/** Functions that the same payloads replace: a result for one is valid for all. */
export interface FunctionGroup {
  readonly names: readonly string[];
  readonly owners: ReadonlySet<Piece>;
}

export function groupFunctions(pieces: Stack): readonly FunctionGroup[] {
  const owners = new Map<string, Piece[]>();
  for (const piece of pieces) {
    for (const name of piece.facts.functions ?? []) {
      const known = owners.get(name);
      if (known === undefined) owners.set(name, [piece]);
      else known.push(piece);
    }
  }
  const groups = new Map<string, { names: string[]; owners: Set<Piece> }>();
  for (const [name, of] of owners) {
    const key = of.map((piece) => piece.name).join("\0");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [name], owners: new Set(of) });
    else group.names.push(name);
  }
  return [...groups.values()];
}

/** The payload whose code a function of the group runs. */
export function providerOf({ owners }: FunctionGroup, stack: Stack): Piece | undefined {
  return stack.findLast((piece) => owners.has(piece));
}

/** @param states stacks from the first, before the first step, to the last */
export function findMissing(
  states: readonly Stack[],
  groups: readonly FunctionGroup[],
  unordered: ReadonlySet<Piece>,
): readonly MissingFix[] {
  const before = states[0] ?? [];
  const after = states.at(-1) ?? [];
  const rules = [
    ...groups.flatMap((group) => groupRule(group, { before, after, unordered })),
    ...before.flatMap((piece) => payloadRule(piece, after)),
  ];
  return rules.flatMap(({ fixes, isThere, group }) => {
    const from = states.findIndex((state) => !isThere(state));
    if (from < 0) return [];
    const to = states.findIndex((state, index) => index > from && isThere(state));
    const meanwhile = group && providerOf(group, states[from] ?? [])?.name;
    return fixes.map((fix) => ({ fix, from, to, meanwhile }));
  });
}

interface Rule {
  readonly fixes: readonly Fix[];
  readonly isThere: (state: Stack) => boolean;
  /** `undefined` when the fix is a payload. */
  readonly group: FunctionGroup | undefined;
}

interface Ends {
  readonly before: Stack;
  readonly after: Stack;
  readonly unordered: ReadonlySet<Piece>;
}

function groupRule(group: FunctionGroup, { before, after, unordered }: Ends): readonly Rule[] {
  const chainAfter = after.filter((piece) => group.owners.has(piece));
  const found = before.filter((piece) => group.owners.has(piece));
  if (chainAfter.length === 0 || found.length === 0) return [];
  const chainBefore = topLast(found, chainAfter, unordered);
  const good = new Set([
    ...upwardsFrom(chainAfter.at(-1), chainBefore),
    ...upwardsFrom(chainBefore.at(-1), chainAfter),
  ]);
  const isThere = (state: Stack) => {
    const provider = providerOf(group, state);
    return provider !== undefined && good.has(provider);
  };
  const fixes = group.names.map((name) => ({ kind: "function", name }) as const);
  return [{ fixes, isThere, group }];
}

/** `lowest` and the payloads above it in the chain; only the chain's top if it is not in the chain. */
function upwardsFrom(lowest: Piece | undefined, chain: Stack): readonly Piece[] {
  const index = lowest === undefined ? -1 : chain.indexOf(lowest);
  return index < 0 ? chain.slice(-1) : chain.slice(index);
}

/**
 * If it is unknown which payload was on top, the worst is assumed: the one that is highest afterwards,
 * or one that is not applied any more.
 */
function topLast(chain: Stack, chainAfter: Stack, unordered: ReadonlySet<Piece>): Stack {
  if (chain.length < 2 || !chain.some((piece) => unordered.has(piece))) return chain;
  const rank = (piece: Piece) => {
    const index = chainAfter.indexOf(piece);
    return index < 0 ? chainAfter.length : index;
  };
  const top = chain.toSorted((one, other) => rank(one) - rank(other)).at(-1);
  return top === undefined ? [] : [top];
}

/** A payload does more than the functions that it names: hooks, NOPs, or unknown effects. */
function payloadRule(piece: Piece, after: Stack): readonly Rule[] {
  const { functions, hooks, nops } = piece.facts;
  const isPlain = functions !== undefined && hooks?.length === 0 && nops === "none";
  const fixes = [{ kind: "payload", name: piece.name } as const];
  const group = undefined;
  if (after.includes(piece)) {
    return isPlain ? [] : [{ fixes, group, isThere: (state) => state.includes(piece) }];
  }
  if (functions !== undefined) return [];
  // Any of the newly applied payloads may bring the same effect.
  const isThere = (state: Stack) =>
    state.includes(piece) || after.every((wanted) => state.includes(wanted));
  return after.length === 0 ? [] : [{ fixes, group, isThere }];
}
