// Pairs what has a number of the compiler, for example when a patch adds `e` in front of two functions
// that have a `static int count` each, as `e` has, too:
//
//     symbol     before             after
//     count.0    of f()             of e(), new
//     count.1    of g()             of f()
//     count.2                       of g()
//
// Paired by their names, the new f() would go on with what g() has counted. What is right is count.0 →
// count.1 and count.1 → count.2, while the new count.0 comes along in the payload; debug information
// tells it. A clone, `part.constprop.0`, gets another number in the same way, and does no harm.
//
// Since a wrong pair splits or mixes the state of two variables, variables are paired only where both are
// known to be declared in the same function (homes.ts), and, should it have several `count`:
//   1. instructions at the same place of two functions with the same bytes refer to the same thing;
//   2. the only `count.#` of a function is the `count.#` that it had before;
//   3. the only `count.#` that a function refers to is the `count.#` that it referred to before,
//      unless another `count.#` of the object before is without such a successor;
//   4. as many `count.#` are declared and used in the same order as before (declared-order.ts).
// Functions, read-only data and init data hold no state, so 1 and 3 pair them also where no home is known,
// and when contents agree, or when one clone is left on each side, any pairing gives the same running code.
// What is left on both sides after that is ambiguous, and is refused when it matters (include.ts).

import { type Atom, isNameless, roleOf } from "../atom.ts";
import { sameOutsideFields } from "../same-bytes.ts";
import { usersOf } from "../users.ts";
import { areOtherDeclarations, type OrderContext, pairByDeclaredOrder } from "./declared-order.ts";
import type { NameGroup } from "./name-group.ts";

export function correlateNumbered(
  all: readonly NameGroup[],
  { correlation, homes, before, after }: Omit<OrderContext, "groupOf">,
): void {
  const groups = all.filter((group) => group.before.length > 0 && group.after.length > 0);
  if (groups.length === 0) return;
  const keyOf = new Map<Atom, NameGroup>();
  for (const group of groups) {
    for (const atom of [...group.before, ...group.after]) keyOf.set(atom, group);
  }
  const groupOf = (atom: Atom): NameGroup | undefined => keyOf.get(atom);
  const users = {
    before: usersOf(
      groups.flatMap((group) => group.before),
      before,
    ),
    after: usersOf(
      groups.flatMap((group) => group.after),
      after,
    ),
  };
  const context: NumberedContext = { correlation, groupOf, homes, before, after, users };
  const passes: readonly Pass[] = [
    pairByPlace,
    pairByHome,
    pairByOnlyUse,
    pairByDeclaredOrder,
    pairStateless,
  ];
  // Each pair that is found may be the evidence for the next, so begin again after every success.
  while (passes.some((pass) => pass(groups, context)));
  for (const group of groups) markLeftovers(group, context);
}

interface NumberedContext extends OrderContext {
  /** Who refers to an atom that looks for its partner: the evidence is nowhere else. */
  readonly users: Readonly<Record<"before" | "after", ReadonlySet<Atom>>>;
}

type Pass = (groups: readonly NameGroup[], context: NumberedContext) => boolean;

const pairByPlace: Pass = (_, context) => {
  const votes = collectVotes(context, (before, after, vote) => {
    if (sameOutsideFields(before, after)) voteByPlace(before, after, vote, new Set());
  });
  return acceptVotes(votes, context);
};

const pairByHome: Pass = (groups, { correlation, homes }) => {
  let found = false;
  for (const group of groups) {
    const [before, after] = [group.before, group.after].map((atoms) =>
      atoms.filter((atom) => !correlation.isPaired(atom) && atom.kind === "data"),
    );
    for (const atom of before ?? []) {
      const home = homes.of("before", atom)?.functionName;
      const neighbours = (before ?? []).filter(
        (other) => homes.of("before", other)?.functionName === home,
      );
      const partners = (after ?? []).filter(
        (other) => homes.of("after", other)?.functionName === home,
      );
      const [only] = partners;
      if (home === undefined || only === undefined) continue;
      if (neighbours.length > 1 || partners.length > 1) continue;
      correlation.pair(atom, only);
      found = true;
    }
  }
  return found;
};

const pairByOnlyUse: Pass = (groups, context) => {
  const votes = collectVotes(context, (before, after, vote) => {
    const usedBefore = groupedTargets(before, context);
    for (const [group, targets] of groupedTargets(after, context)) {
      const [left, right] = [usedBefore.get(group), targets];
      const [only, partner] = [[...(left ?? [])][0], [...right][0]];
      if (only === undefined || partner === undefined) continue;
      if (left?.size !== 1 || right.size !== 1) continue;
      vote(only, partner);
    }
  });
  for (const { before } of groups) {
    const open = before.filter((atom) => !context.correlation.isPaired(atom) && !isStateless(atom));
    const isDoubtful = open.some((atom) => !votes.afterOf.has(atom));
    if (isDoubtful) for (const atom of open) votes.afterOf.delete(atom);
  }
  return acceptVotes(votes, context);
};

const pairStateless: Pass = (groups, { correlation }) => {
  let found = false;
  for (const group of groups) {
    const before = group.before.filter((atom) => !correlation.isPaired(atom));
    const after = group.after.filter((atom) => !correlation.isPaired(atom));
    const isLast = before.length === 1 && after.length === 1;
    for (const candidate of after.filter(isStateless)) {
      const partner = before.find(
        (atom) =>
          isStateless(atom) &&
          !correlation.isPaired(atom) &&
          (sameOutsideFields(atom, candidate) || (isLast && atom.kind === "function")),
      );
      if (partner === undefined) continue;
      correlation.pair(partner, candidate);
      found = true;
    }
  }
  return found;
};

/** Code and constants, and what is freed after boot. */
function isStateless(atom: Atom): boolean {
  return atom.kind === "function" || roleOf(atom) === "read-only" || roleOf(atom) === "init";
}

function holdsState(atom: Atom): boolean {
  return atom.kind === "data" && !isStateless(atom);
}

type Vote = (before: Atom, after: Atom) => void;

interface Votes {
  readonly afterOf: Map<Atom, Set<Atom>>;
  readonly beforeOf: Map<Atom, Set<Atom>>;
}

function collectVotes(
  context: NumberedContext,
  collect: (before: Atom, after: Atom, vote: Vote) => void,
): Votes {
  const { correlation, groupOf, users } = context;
  const votes: Votes = { afterOf: new Map(), beforeOf: new Map() };
  const vote: Vote = (before, after) => {
    const group = groupOf(before);
    if (group === undefined || group !== groupOf(after)) return;
    if (correlation.isPaired(before) || correlation.isPaired(after)) return;
    if (!mayBeOne(before, after, context)) return;
    votes.afterOf.set(before, (votes.afterOf.get(before) ?? new Set()).add(after));
    votes.beforeOf.set(after, (votes.beforeOf.get(after) ?? new Set()).add(before));
  };
  for (const [before, after] of correlation.pairs()) {
    if (users.before.has(before) && users.after.has(after)) collect(before, after, vote);
  }
  return votes;
}

/** Evidence says only what two are used for; whether they can be one the place of declaration says. */
function mayBeOne(before: Atom, after: Atom, context: OrderContext): boolean {
  const { homes } = context;
  const [home, newHome] = [homes.of("before", before), homes.of("after", after)];
  if (home !== undefined && newHome !== undefined) {
    if (home.functionName !== newHome.functionName) return false;
    return isStateless(after) || !areOtherDeclarations(before, after, context);
  }
  return homes.guesses === "allowed" || !(holdsState(before) || holdsState(after));
}

/** Pairs what all votes agree about. */
function acceptVotes({ afterOf, beforeOf }: Votes, { correlation }: OrderContext): boolean {
  let found = false;
  for (const [before, choices] of afterOf) {
    const [after] = choices;
    if (after === undefined || choices.size > 1 || (beforeOf.get(after)?.size ?? 0) > 1) continue;
    correlation.pair(before, after);
    found = true;
  }
  return found;
}

function voteByPlace(before: Atom, after: Atom, vote: Vote, seen: Set<Atom>): void {
  if (seen.has(before)) return;
  seen.add(before);
  for (const [index, { target }] of before.references.entries()) {
    const partner = after.references[index]?.target;
    if (target.kind !== "atom" || partner?.kind !== "atom") continue;
    if (isNameless(target.atom) && isNameless(partner.atom)) {
      if (sameOutsideFields(target.atom, partner.atom)) {
        voteByPlace(target.atom, partner.atom, vote, seen);
      }
    } else if (target.offset === partner.offset) {
      vote(target.atom, partner.atom);
    }
  }
}

/** What an atom refers to that still looks for its partner, directly or through a nameless table. */
function groupedTargets(
  atom: Atom,
  context: OrderContext,
  seen: Set<Atom> = new Set(),
): ReadonlyMap<NameGroup, ReadonlySet<Atom>> {
  const found = new Map<NameGroup, Set<Atom>>();
  const add = (group: NameGroup, target: Atom): void => {
    found.set(group, (found.get(group) ?? new Set()).add(target));
  };
  for (const { target } of atom.references) {
    if (target.kind !== "atom" || context.correlation.isPaired(target.atom)) continue;
    const group = context.groupOf(target.atom);
    if (group !== undefined) add(group, target.atom);
    if (!isNameless(target.atom) || seen.has(target.atom)) continue;
    seen.add(target.atom);
    for (const [inner, targets] of groupedTargets(target.atom, context, seen)) {
      for (const one of targets) add(inner, one);
    }
  }
  return found;
}

function markLeftovers({ before, after }: NameGroup, { correlation, homes }: OrderContext): void {
  const isOpen = (atom: Atom): boolean => !correlation.isPaired(atom) && !isStateless(atom);
  const candidates = before.filter(isOpen);
  if (candidates.length === 0) return;
  for (const atom of after.filter(isOpen)) {
    const isKnown =
      homes.of("after", atom) !== undefined &&
      candidates.every((candidate) => homes.of("before", candidate) !== undefined);
    correlation.markAmbiguous(atom, { candidates, why: isKnown ? "too-many" : "home-unknown" });
  }
}
