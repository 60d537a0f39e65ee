// Which refusals only follow from another one. A type that a fix changes moves members, grows the types
// that hold it, and gives code a new body that nobody touched. That is said only where the text of the fix
// shows it: in all that the object is compiled from, nothing changes but definitions of types and functions,
// and what is refused is neither one of these functions nor calls or inlines one. And what is refused only since
// it points into something that changed, or reads it, follows from the refusal of that.

import type { RefusalName } from "../build-outcome/refusal.ts";
import type { Atom } from "../diff/atom.ts";
import type { LedgerEntry } from "../diff/ledger.ts";
import { nameInSource } from "../dwarf/name-in-source.ts";
import type { ChangedTexts } from "../pairs/prepared-pairs.ts";
import { type ChangedItems, changedItemsFinder } from "./changed-items.ts";
import type { ComparedObject } from "./compared-object.ts";
import { readFunctions } from "./init.ts";

/** A type whose layout is refused, and the objects that use it. */
export interface RefusedType {
  readonly type: string;
  readonly objects: readonly string[];
}

export interface RefusalCauses {
  ofType(type: RefusedType): readonly RefusalName[];
  ofEntry(object: ComparedObject, entry: LedgerEntry): readonly RefusalName[];
}

export function causesOfRefusals(
  objects: readonly ComparedObject[],
  changes: Pick<ChangedTexts, "texts">,
  refusedTypes: readonly RefusedType[],
): RefusalCauses {
  const itemsOf = changedItemsFinder(changes);
  const byName = new Map(objects.map((object) => [object.pair.object, object]));
  const refused = new Set(refusedTypes.map(({ type }) => type));
  const headers = itemsOf({
    dependencies: [...changes.texts.keys()].filter((path) => path.endsWith(".h")),
  });
  const known = new Map<ComparedObject, readonly string[]>();
  const rootsOf = (object: ComparedObject): readonly string[] => {
    const found =
      known.get(object) ?? rootsIn(object, itemsOf(object.pair), headers, { changes, refused });
    known.set(object, found);
    return found;
  };
  return {
    ofType: ({ type, objects: having }) => {
      const roots = having.map((name) => {
        const object = byName.get(name);
        return object === undefined ? [] : rootsOf(object);
      });
      // One object that does not show it is enough to reject it.
      if (roots.some((found) => found.length === 0 || found.includes(type))) return [];
      return namesOf(roots.flat());
    },
    ofEntry: (object, entry) => {
      const followed = refusalsFollowed(object, entry);
      if (followed.length > 0) return followed;
      const roots = rootsOf(object);
      if (roots.length === 0 || isTouched(object, entry, itemsOf(object.pair))) return [];
      return namesOf(roots);
    },
  };
}

/** Of what made the entry's atom change, which is the same as before itself. */
function refusalsFollowed({ diff }: ComparedObject, entry: LedgerEntry): readonly RefusalName[] {
  const isAt = ({ section, start }: Atom, { offset, section: name }: LedgerEntry) =>
    section.name === name && start === offset;
  if (entry.side === "before") return [];
  const own = [...diff.follows.keys()].find((atom) => isAt(atom, entry));
  let root = own;
  const seen = new Set<Atom>();
  while (root !== undefined && !seen.has(root) && diff.follows.has(root)) {
    seen.add(root);
    root = diff.follows.get(root);
  }
  if (root === undefined || root === own) return [];
  const cause = root;
  return diff.refusals
    .filter((one) => one.side !== "before" && isAt(cause, one))
    .map(({ what, disposition: { rule } }) => ({ rule, what }));
}

function namesOf(types: readonly string[]): readonly RefusalName[] {
  return [...new Set(types)].map((what) => ({ rule: "layout", what }));
}

/** Refused types without which nothing in the object would differ but functions that the fix changes. */
function rootsIn(
  { pair }: ComparedObject,
  { isClearButForNew, types }: ChangedItems,
  headers: ChangedItems,
  {
    changes,
    refused,
  }: {
    readonly changes: Pick<ChangedTexts, "texts">;
    readonly refused: ReadonlySet<string>;
  },
): readonly string[] {
  const ifAllRefused = (all: ReadonlySet<string>) =>
    [...all].every((type) => refused.has(type)) ? [...all] : [];
  if (!isClearButForNew) return [];
  if (types.size > 0) return ifAllRefused(types);
  // Assembly knows types only by the numbers that make takes from a C file of its own.
  const isAssembly = pair.sources.length > 0 && pair.sources.every((path) => path.endsWith(".S"));
  const isOwn = [...changes.texts.keys()].some(
    (path) => pair.dependencies.includes(path) || /(^|\/)asm-offsets\.c$/.test(path),
  );
  return isAssembly && !isOwn && headers.isClearButForNew ? ifAllRefused(headers.types) : [];
}

/** The entry is of something that the fix itself changes, or of what takes part in that. */
function isTouched(object: ComparedObject, entry: LedgerEntry, items: ChangedItems): boolean {
  if ([...items.functions.values()].every((lines) => lines.length === 0)) return false;
  const reading = readFunctions(object, items);
  const { before, after } = object.diff.comparison;
  const side = entry.side === "before" ? before : after;
  const atom = side.atoms.find(
    ({ section, start }) => section.name === entry.section && start === entry.offset,
  );
  if (reading === undefined || atom === undefined) return true;
  const isChanged = (name: string) =>
    reading.touched.has(nameInSource(name)) || reading.inlined.has(nameInSource(name));
  return isChanged(atom.name) || callees(atom).some(({ name }) => isChanged(name));
}

function callees({ references }: Atom): readonly Atom[] {
  return references.flatMap(({ target }) => (target.kind === "atom" ? [target.atom] : []));
}
