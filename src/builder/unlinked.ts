// Library functions of Xen that the fix needs and the hypervisor lacks, because nothing referred to
// them when it was linked. Their objects are added to the payload as the linker would have added them:
// whole, with the objects that they need in turn. If the fix changes such an object and nothing needs
// it, the hypervisor does not run the change.

import { type CompareOptions, compareObjects } from "../compare/compare.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import type { LedgerEntry } from "../diff/ledger.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { isOfLibrary } from "../pairs/library.ts";
import type { ObjectPair } from "../pairs/object-pair.ts";
import type { PreparedPairs } from "../pairs/prepared-pairs.ts";
import type { Surroundings } from "../running/payload-below.ts";
import { namesOfFix } from "./names-of-fix.ts";
import type { Place } from "./place.ts";

export interface UnlinkedContext {
  readonly prepared: Pick<PreparedPairs, "pairs" | "changes" | "compileLibrary">;
  readonly known: CompareOptions;
  readonly place: Pick<Place, "surroundings" | "payloads">;
}

/** The objects of the fix and those of the library that it needs. @throws BuildError, DiffError, ElfError */
export async function withUnlinked(
  objects: readonly ComparedObject[],
  context: UnlinkedContext,
): Promise<readonly ComparedObject[]> {
  let all = objects;
  let library: readonly Candidate[] | undefined;
  for (;;) {
    const missing = missingNames(all, context.place);
    if (missing.size === 0) break;
    library ??= await findUnlinked(context);
    const needed = neededOf(library, missing).filter(
      ({ pair }) => !all.some((one) => one.pair === pair),
    );
    if (needed.length === 0) break;
    const replaced = new Set(needed.map(({ pair }) => pair.object));
    const brought = needed.flatMap((one) => compareNeeded(one, context));
    all = [...all.filter(({ pair }) => !replaced.has(pair.object)), ...brought];
  }
  return all.map((one) => (isUnlinked(one, context.place) ? asLeftOut(one) : one));
}

interface Needed {
  readonly pair: ObjectPair;
  readonly why: string;
}

function neededOf(
  library: readonly Candidate[],
  missing: ReadonlyMap<string, string>,
): readonly Needed[] {
  return library.flatMap(({ pair, names }) => {
    const name = names.find((one) => missing.has(one));
    if (name === undefined) return [];
    const why = `${missing.get(name)} needs "${name}", and the hypervisor was linked without ${pair.object}`;
    return [{ pair, why }];
  });
}

function compareNeeded(
  { pair, why }: Needed,
  { prepared: { changes }, known }: UnlinkedContext,
): readonly ComparedObject[] {
  return compareObjects({ pairs: [pair], changes }, known).map((one) => withReason(one, why));
}

/** For each undefined name, what refers to it, as text. */
function missingNames(
  objects: readonly ComparedObject[],
  { surroundings, payloads }: UnlinkedContext["place"],
): ReadonlyMap<string, string> {
  const names = namesOfFix(objects, payloads);
  const carried = objects
    // Most objects that read a changed header have not been compared.
    .filter((one) => one.diff.carried.size > 0 && !isUnlinked(one, { surroundings }))
    .flatMap(({ pair, diff }) => [...diff.carried.keys()].map((atom) => ({ atom, pair })));
  const brought = new Set(carried.flatMap(({ atom }) => atom.symbols.map(({ name }) => name)));
  const missing = new Map<string, string>();
  for (const { atom, pair } of carried) {
    for (const { target } of atom.references) {
      if (target.kind !== "external") continue;
      const { name } = target.symbol;
      const isStatic = pair.hookFile !== undefined && surroundings.locals.has(name);
      const inXen = names.get(name)?.inXen ?? name;
      const isKnown = surroundings.byName.has(inXen) || brought.has(name) || isStatic;
      if (!isKnown && !missing.has(name)) missing.set(name, `"${atom.name}" of ${pair.object}`);
    }
  }
  return missing;
}

/** An object of the library, as the patch leaves it. */
interface Candidate {
  readonly pair: ObjectPair;
  /** The names that it defines for other objects; the hypervisor has none of them. */
  readonly names: readonly string[];
}

async function findUnlinked({
  prepared: { pairs, changes, compileLibrary },
  place: { surroundings },
}: UnlinkedContext): Promise<readonly Candidate[]> {
  const ofFix = pairs.filter(({ object }) => isOfLibrary(object));
  const isTouched = ({ object, dependencies }: ObjectPair): boolean =>
    ofFix.some((pair) => pair.object === object) ||
    dependencies.some((file) => changes.texts.has(file));
  const others = (await compileLibrary()).filter((pair) => !isTouched(pair));
  return [...ofFix.map(asNew), ...others].flatMap((pair) => {
    const names = globalsOf(openElf(pair.after, pair.object));
    return isLinked(names, surroundings) ? [] : [{ pair, names }];
  });
}

/** An object of the library that the fix changes and that the hypervisor does not have. */
function isUnlinked(
  { pair, before }: ComparedObject,
  { surroundings }: Pick<UnlinkedContext["place"], "surroundings">,
): boolean {
  if (!isOfLibrary(pair.object) || pair.before === undefined) return false;
  return !isLinked(globalsOf(before), surroundings);
}

/** The hypervisor has never run the changed code. */
function asNew(pair: ObjectPair): ObjectPair {
  return { ...pair, before: undefined, levels: [undefined] };
}

/** The linker selects a library object by its names; an object without names is linked for other reasons. */
function isLinked(names: readonly string[], { byName }: Surroundings): boolean {
  return names.length === 0 || names.some((name) => byName.has(name));
}

function globalsOf({ symbols }: ElfObject): readonly string[] {
  return symbols
    .filter(({ binding, place }) => binding !== "STB_LOCAL" && place.kind === "section")
    .map(({ name }) => name);
}

function withReason(object: ComparedObject, why: string): ComparedObject {
  const { diff } = object;
  const explain = <Entry extends LedgerEntry>(entry: Entry): Entry =>
    entry.disposition.kind === "no-effect" ? entry : { ...entry, reasons: [why, ...entry.reasons] };
  const [ledger, refusals] = [diff.ledger.map(explain), diff.refusals.map(explain)];
  return { ...object, broughtFor: why, diff: { ...diff, ledger, refusals } };
}

function asLeftOut(object: ComparedObject): ComparedObject {
  const { diff, pair } = object;
  const why = `the hypervisor was linked without ${pair.object}, and nothing that the payload carries needs it`;
  const ledger = diff.ledger.map((entry): LedgerEntry => {
    if (entry.disposition.kind === "no-effect") return entry;
    return {
      ...entry,
      disposition: { kind: "no-effect", rule: "unreached" },
      reasons: [why, ...entry.reasons],
    };
  });
  const nothing = { outcome: "unchanged", replaced: [], added: [], refusals: [] } as const;
  return { ...object, diff: { ...diff, ...nothing, ledger, carried: new Map() } };
}
