// What can be drafted of the refusals of a fix: one part for each.

import type { ComparedObject } from "../../compare/compared-object.ts";
import { type Atom, namingSymbol } from "../../diff/atom.ts";
import type { Refusal } from "../../diff/ledger.ts";
import { declareNewMembers, declareVariable, headerOfType } from "../../layout/declare.ts";
import type { LayoutFinding } from "../../layout/layout.ts";
import { xenNameOf } from "../../running/run-pre.ts";
import { draftInit } from "./init.ts";
import type { DraftPart } from "./part.ts";
import { draftPerCpu, draftShadow } from "./state.ts";
import { draftVariable } from "./variables.ts";

export function partsOfRefusals(
  objects: readonly ComparedObject[],
  layouts: readonly LayoutFinding[],
): readonly DraftPart[] {
  return [
    ...partsOfObjects(objects),
    ...layouts
      .filter(({ verdict }) => verdict.kind === "refused")
      .flatMap(({ type, objects: names }) => partOfLayout(type, names, objects) ?? []),
  ];
}

function partsOfObjects(objects: readonly ComparedObject[]): readonly DraftPart[] {
  const parts = new Map<string, DraftPart>();
  for (const object of objects) {
    for (const refusal of object.diff.refusals) {
      const part = partOf(refusal, object, parts.size + 1);
      // A file that Xen compiles twice has everything twice.
      const of = `${refusal.disposition.rule}: ${refusal.what}`;
      if (part !== undefined && !parts.has(of)) parts.set(of, { ...part, of });
    }
  }
  return [...parts.values()];
}

function partOf(
  refusal: Refusal,
  object: ComparedObject,
  count: number,
): Omit<DraftPart, "of"> | undefined {
  const { comparison } = object.diff;
  const { before, after } = sidesOf(refusal, object);
  const { rule } = refusal.disposition;
  switch (rule) {
    case "data-initial-value": {
      const symbol = before && namingSymbol(before);
      if (before === undefined || after === undefined || symbol === undefined) return undefined;
      const name = xenNameOf(symbol, comparison.before.file);
      return draftVariable({ before, after, name }, count);
    }
    case "init-code":
    case "init-data":
      return draftInit(
        { before, after },
        { object: object.pair.object, count, reasons: refusal.reasons },
      );
    case "per-cpu": {
      if (before !== undefined || after === undefined) return undefined;
      const declaration = declareVariable(object.after, after.name);
      return draftPerCpu(after.name.replace(/^per_cpu__?/, ""), declaration, after.size);
    }
    default:
      return undefined;
  }
}

function sidesOf(
  { section, offset, side }: Refusal,
  { diff: { comparison } }: ComparedObject,
): { readonly before: Atom | undefined; readonly after: Atom | undefined } {
  const find = (atoms: readonly Atom[]) =>
    atoms.find((atom) => atom.section.name === section && atom.start === offset);
  if (side === "before") return { before: find(comparison.before.atoms), after: undefined };
  const after = find(comparison.after.atoms);
  return { before: after && comparison.correlation.findBefore(after), after };
}

/** By the first of the objects that know the type. */
function partOfLayout(
  type: string,
  names: readonly string[],
  objects: readonly ComparedObject[],
): DraftPart | undefined {
  const object = objects.find(({ pair }) => names.includes(pair.object));
  if (object === undefined) return undefined;
  const members = declareNewMembers(object.before, object.after, type);
  const part = draftShadow(type, members, headerOfType(object.after, type));
  return part && { ...part, of: `layout: ${type}` };
}
