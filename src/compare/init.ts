// Init functions that differ though the patch did not touch them: the compiler put the body of a
// changed function into them, or no longer does. They ran when the hypervisor booted, as everything did
// that called the old function, and their own meaning is what it was: no effect, provided that the
// changed function itself is carried. Whether nothing but such functions changed, the text tells.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import { entryAt, findTypes, type TypeModel } from "../dwarf/model.ts";
import { nameInSource } from "../dwarf/name-in-source.ts";
import type { ChangedTexts } from "../pairs/prepared-pairs.ts";
import { type ChangedItems, changedItemsFinder } from "./changed-items.ts";
import type { ComparedObject } from "./compared-object.ts";
import { functionsByFile, holderOf } from "./inlines.ts";

/** Why an init function of an object differs; undefined when its meaning may differ. */
export type ExplainInit = (object: string, name: string) => string | undefined;

/** Undefined when there is nothing to explain. */
export function initExplainer(
  objects: readonly ComparedObject[],
  changes: Pick<ChangedTexts, "texts">,
): ExplainInit | undefined {
  const inQuestion = objects.filter(({ diff }) =>
    diff.refusals.some(({ disposition }) => disposition.rule === "init-code"),
  );
  if (inQuestion.length === 0) return undefined;
  const itemsOf = changedItemsFinder(changes);
  const readings = new Map(
    objects.map((one) => [one.pair.object, readFunctions(one, itemsOf(one.pair))]),
  );
  const carried = new Set(objects.flatMap((one) => carriedIn(one, readings.get(one.pair.object))));
  return (object, name) => {
    const reading = readings.get(object);
    if (reading === undefined || !reading.items.isClear || reading.items.types.size > 0)
      return undefined;
    if (reading.touched.has(nameInSource(name))) return undefined;
    const inlined = [...(reading.inlined.get(nameInSource(name)) ?? [])];
    if (inlined.length === 0 || !inlined.every((key) => carried.has(key))) return undefined;
    const names = inlined.map((key) => `"${key.replace(/.*:/, "")}"`).join(", ");
    return `its own source is unchanged; it inlines ${names}, which changed, and ran with the old one at boot`;
  };
}

/** The changes of a fix to the functions of one object. */
export interface FunctionReading {
  readonly items: ChangedItems;
  /** Names of functions whose text the patch changed, to `file:name`. */
  readonly touched: ReadonlyMap<string, string>;
  /** By the name of a function, before or after: which changed ones it inlines, as `file:name`. */
  readonly inlined: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Undefined for objects without differences or without debug information. */
export function readFunctions(
  { diff, before, after }: ComparedObject,
  items: ChangedItems,
): FunctionReading | undefined {
  const old = diff.ledger.length === 0 ? undefined : findTypes(before);
  if (old === undefined) return undefined;
  const touched = new Map<string, string>();
  for (const [file, entries] of functionsByFile(old)) {
    const scopes = items.functions.get(file) ?? [];
    for (const { name, first } of entries) {
      const isTouched = scopes.some((scope) => scope.first <= first && first <= scope.last);
      if (isTouched) touched.set(name, `${file}:${name}`);
    }
  }
  const keys = new Set(touched.values());
  const inlined = new Map<string, Set<string>>();
  addInlined(old, keys, inlined);
  addInlined(findTypes(after), keys, inlined);
  return { items, touched, inlined };
}

function addInlined(
  model: TypeModel | undefined,
  keys: ReadonlySet<string>,
  inlined: Map<string, Set<string>>,
): void {
  if (model === undefined) return;
  const keyOf = new Map(
    [...functionsByFile(model)].flatMap(([file, entries]) =>
      entries.map(({ entry, name }) => [entry, `${file}:${name}`] as const),
    ),
  );
  for (const entry of model.info.byOffset.values()) {
    if (entry.tag !== T.DW_TAG_inlined_subroutine) continue;
    const origin = entryAt(model.info, entry, A.DW_AT_abstract_origin);
    const key = origin === undefined ? undefined : keyOf.get(origin);
    const holder = holderOf(model, entry);
    if (key === undefined || holder === undefined || !keys.has(key)) continue;
    inlined.set(holder, (inlined.get(holder) ?? new Set()).add(key));
  }
}

/** Changed functions that get a new body, or are inlined into one that does. */
function carriedIn(
  { diff }: ComparedObject,
  reading: FunctionReading | undefined,
): readonly string[] {
  if (reading === undefined) return [];
  return diff.replaced.flatMap(({ after }) => {
    const name = nameInSource(after.name);
    const own = reading.touched.get(name);
    return [...(own === undefined ? [] : [own]), ...(reading.inlined.get(name) ?? [])];
  });
}
