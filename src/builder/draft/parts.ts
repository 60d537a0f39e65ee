// What can be drafted of the refusals of a fix: one part for each.

import type { ComparedObject } from "../../compare/compared-object.ts";
import { type Atom, namingSymbol } from "../../diff/atom.ts";
import type { Refusal } from "../../diff/ledger.ts";
import type { ElfObject } from "../../elf/object.ts";
import { Declarations } from "../../layout/declare.ts";
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
  const known = new Map<ElfObject, Declarations>();
  const declarationsOf = (object: ElfObject): Declarations => {
    const found = known.get(object) ?? new Declarations(object);
    known.set(object, found);
    return found;
  };
  return [
    ...partsOfObjects(objects, declarationsOf),
    ...layouts
      // Without a change of its own it only holds a type that has one.
      .filter(({ verdict, changes }) => verdict.kind === "refused" && changes.length > 0)
      .flatMap((layout) => {
        const object = objects.find(({ pair }) => layout.objects.includes(pair.object));
        return (object && partOfLayout(layout, object, declarationsOf)) ?? [];
      }),
  ];
}

type DeclarationsOf = (object: ElfObject) => Declarations;

function partsOfObjects(
  objects: readonly ComparedObject[],
  declarationsOf: DeclarationsOf,
): readonly DraftPart[] {
  const parts = new Map<string, DraftPart>();
  for (const object of objects) {
    for (const refusal of object.diff.refusals) {
      const part = partOf(refusal, object, { count: parts.size + 1, declarationsOf });
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
  {
    count,
    declarationsOf,
  }: {
    /** Tells it from the other parts. */
    readonly count: number;
    readonly declarationsOf: DeclarationsOf;
  },
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
      const declaration = declarationsOf(object.after).ofVariable(after.name);
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

function partOfLayout(
  { type, changes }: Pick<LayoutFinding, "type" | "changes">,
  { before, after }: ComparedObject,
  declarationsOf: DeclarationsOf,
): DraftPart | undefined {
  const own = declarationsOf(after);
  const members = own.ofNewMembers(declarationsOf(before), type);
  const others = changes.filter(
    (text) => !members.some(({ name }) => text.startsWith(`"${name}" is new `)),
  );
  const part = draftShadow({ type, members, others }, own.headerOf(type));
  return part && { ...part, of: `layout: ${type}` };
}
