// Several static variables of one name in one function:
//
//     if (a) { static bool warned; … }            warned.2 before, warned.3 after the patch
//     if (b) { static bool warned; … }            warned.3 before, warned.4 after the patch
//
// Neither name nor home tells them apart. They are paired when two witnesses agree. The first is the order in
// which they are declared. The second is the text of the function that declares them, if the patch left it
// alone; else the order in which they are used, in code that is otherwise still there (kept-code.ts).
// Should the patch have exchanged the conditions, taken one away and brought another, or have touched a
// declaration, then one of them says no, and the variables stay ambiguous.

import { findColdParent } from "../../elf/cold-part.ts";
import { Machine } from "../../elf/constants.ts";
import type { Atom, SplitObject } from "../atom.ts";
import { Meanings } from "../meaning.ts";
import { requireDefined } from "../require-defined.ts";
import { type CodeRow, codeRowsOf, type NameReference } from "./code-rows.ts";
import type { Correlation } from "./correlation.ts";
import type { Homes } from "./homes.ts";
import { keptUses } from "./kept-code.ts";
import type { NameGroup } from "./name-group.ts";

export interface OrderContext {
  readonly correlation: Correlation;
  readonly groupOf: (atom: Atom) => NameGroup | undefined;
  readonly homes: Homes;
  readonly before: SplitObject;
  readonly after: SplitObject;
}

/** Variables of one name and function, in the order of their declarations; as many after as before. */
interface Namesakes {
  readonly before: readonly Atom[];
  readonly after: readonly Atom[];
}

/** Whether a pair was found. */
export function pairByDeclaredOrder(groups: readonly NameGroup[], context: OrderContext): boolean {
  const { correlation, homes } = context;
  let found = false;
  for (const namesakes of groups.flatMap((group) => namesakesIn(group, homes))) {
    const open = namesakes.before.filter((atom) => !correlation.isPaired(atom));
    if (open.length === 0 || !isDeclaredAlike(namesakes, homes)) continue;
    if (!isTextKept(namesakes, homes) && !isUsedAlike(namesakes, context)) continue;
    for (const before of open) {
      const after = requireDefined(namesakes.after[namesakes.before.indexOf(before)]);
      if (correlation.isPaired(after)) continue;
      correlation.pair(before, after);
      found = true;
    }
  }
  return found;
}

/** Do the places of declaration say that two are not one, though they have one name and home? */
export function areOtherDeclarations(
  before: Atom,
  after: Atom,
  { groupOf, homes }: Pick<OrderContext, "groupOf" | "homes">,
): boolean {
  const group = groupOf(before);
  const namesakes = group && namesakesIn(group, homes).find((one) => one.before.includes(before));
  if (namesakes === undefined || isSameLine(before, after, homes) === true) return false;
  return namesakes.before.indexOf(before) !== namesakes.after.indexOf(after);
}

/** Only where every place of declaration is known. */
function namesakesIn(group: NameGroup, homes: Homes): readonly Namesakes[] {
  const [before, after] = (["before", "after"] as const).map((side) => {
    const byHome = new Map<string, { readonly atom: Atom; readonly order: number }[]>();
    for (const atom of group[side]) {
      const home = atom.kind === "data" ? homes.of(side, atom) : undefined;
      if (home === undefined) continue;
      const order = home.order ?? Number.NaN;
      byHome.set(home.functionName, [...(byHome.get(home.functionName) ?? []), { atom, order }]);
    }
    return byHome;
  });
  return [...(before ?? [])].flatMap(([home, were]) => {
    const are = after?.get(home) ?? [];
    const isKnown = [...were, ...are].every(({ order }) => !Number.isNaN(order));
    if (!isKnown || were.length < 2 || were.length !== are.length) return [];
    const [old, fixed] = [were, are].map((found) =>
      found.toSorted((one, other) => one.order - other.order).map(({ atom }) => atom),
    );
    return [{ before: old ?? [], after: fixed ?? [] }];
  });
}

/** The lines stand in the same order on both sides, and the patch has kept each. */
function isDeclaredAlike({ before, after }: Namesakes, homes: Homes): boolean {
  const lineOf = (side: "before" | "after", atom: Atom | undefined): number =>
    (atom && homes.of(side, atom)?.line) ?? 0;
  return before.every((atom, index) => {
    const partner = requireDefined(after[index]);
    const step = lineOf("before", atom) - lineOf("before", before[index - 1]);
    const newStep = lineOf("after", partner) - lineOf("after", after[index - 1]);
    if (Math.sign(step) !== Math.sign(newStep)) return false;
    return isSameLine(atom, partner, homes) !== false;
  });
}

function isTextKept({ before }: Namesakes, homes: Homes): boolean {
  return before.every((atom) => {
    const home = homes.of("before", atom);
    return home !== undefined && homes.isTextKept(home);
  });
}

/** Undefined where nobody knows how the patch moved lines. */
function isSameLine(before: Atom, after: Atom, homes: Homes): boolean | undefined {
  const [home, newHome] = [homes.of("before", before), homes.of("after", after)];
  const [line, newLine] = [home?.line, newHome?.line];
  if (home === undefined || line === undefined || newLine === undefined) return undefined;
  return (
    homes.isSameLine && (line === newLine || homes.isSameLine(line, newLine, home.functionName))
  );
}

/** In every function that uses some of them and that both sides have; each is used in one of these. */
function isUsedAlike(namesakes: Namesakes, context: OrderContext): boolean {
  const { correlation } = context;
  const [users, newUsers] = [
    usersOf("before", namesakes, context),
    usersOf("after", namesakes, context),
  ];
  if (users === undefined || newUsers === undefined) return false;
  const pairs = new Map<Atom, Atom>();
  for (const before of users) {
    const after = correlation.findAfter(before);
    if (after !== undefined) pairs.set(before, after);
  }
  for (const after of newUsers) {
    const before = correlation.findBefore(after);
    if (before !== undefined) pairs.set(before, after);
  }
  const used = new Set<Atom>();
  const nameReference = referenceNames(namesakes, context);
  for (const [before, after] of pairs) {
    const [rows, newRows] = [rowsOf(before, "before"), rowsOf(after, "after")];
    const uses =
      rows &&
      newRows &&
      keptUses({
        before: rows,
        after: newRows,
        functionName: after.name,
        isSameLine: context.homes.isSameLine,
      });
    if (uses === undefined) return false;
    for (const [variable, partner] of uses) {
      if (namesakes.before.indexOf(variable) !== namesakes.after.indexOf(partner)) return false;
      used.add(variable);
    }
  }
  return used.size === namesakes.before.length;

  function rowsOf(code: Atom, side: "before" | "after"): readonly CodeRow[] | undefined {
    const { atoms, object } = context[side];
    const cold = atoms.filter(
      ({ kind, name }) => kind === "function" && findColdParent(name) === code.name,
    );
    if (object.header.machine !== Machine.EM_X86_64) return undefined;
    return codeRowsOf([code, ...cold], object.header.machine, nameReference[side]);
  }
}

/** Functions, each with its cold part; undefined when something else refers to one of them. */
function usersOf(
  side: "before" | "after",
  namesakes: Namesakes,
  context: OrderContext,
): ReadonlySet<Atom> | undefined {
  const { atoms, referrers } = context[side];
  const found = new Set<Atom>();
  for (const referrer of namesakes[side].flatMap((one) => [...(referrers.get(one) ?? [])])) {
    if (referrer.kind !== "function") return undefined;
    const parent = findColdParent(referrer.name);
    const user = atoms.find(({ kind, name }) => kind === "function" && name === parent);
    if (parent !== undefined && user === undefined) return undefined;
    found.add(user ?? referrer);
  }
  return found;
}

/** Other variables that look for their partners are told apart by where they were declared. */
function referenceNames(
  namesakes: Namesakes,
  { correlation, groupOf, homes, after }: OrderContext,
): Readonly<Record<"before" | "after", NameReference>> {
  const meanings = new Meanings(correlation);
  const nameFor =
    (side: "before" | "after"): NameReference =>
    ({ target }) => {
      if (target.kind !== "atom") return { name: meanings.ofTarget(target) };
      const { atom, offset } = target;
      if (namesakes[side].includes(atom)) return { name: `namesake+${offset}`, use: atom };
      const group = groupOf(atom);
      const home = atom.kind === "data" ? homes.of(side, atom) : undefined;
      if (correlation.isPaired(atom) || group === undefined || home === undefined) {
        return { name: meanings.ofTarget(target) };
      }
      const others = namesakesIn(group, homes).find((one) => one[side].includes(atom));
      const place = others?.[side].indexOf(atom) ?? "only";
      return {
        name: `${after.names.generic(atom.name)} ${place} of ${home.functionName}+${offset}`,
      };
    };
  return { before: nameFor("before"), after: nameFor("after") };
}
