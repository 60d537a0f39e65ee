// `--explain FUNCTION`: the instructions before and after, side by side.

import { BuilderError } from "../build-outcome/builder-error.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import { type AlignedRow, alignListings } from "../diff/align-listings.ts";
import type { Atom } from "../diff/atom.ts";
import { type ListedInstruction, listInstructions } from "../diff/listing.ts";
import { similarNames } from "../running/similar-names.ts";

export interface ExplainedFunction {
  readonly object: string;
  readonly name: string;
  readonly rows: readonly AlignedRow[];
}

/** For every object that has a function of this name, before or after. */
export function explainFunction(
  objects: readonly ComparedObject[],
  name: string,
): readonly ExplainedFunction[] {
  return objects.flatMap(({ pair, diff: { comparison } }) => {
    const machine = comparison.after.object.header.machine;
    const after = findFunction(comparison.after.atoms, name);
    const partner = after === undefined ? undefined : comparison.correlation.findBefore(after);
    const before = partner ?? findFunction(comparison.before.atoms, name);
    if (before === undefined && after === undefined) return [];
    const rows = alignListings(linesOf(before, machine), linesOf(after, machine));
    return [{ object: pair.object, name, rows }];
  });
}

export function noSuchFunction(name: string, objects: readonly ComparedObject[]): BuilderError {
  const known = objects.flatMap(({ diff: { comparison } }) =>
    comparison.after.atoms.filter(({ kind }) => kind === "function").map((atom) => atom.name),
  );
  const similar = similarNames(name, known);
  return new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot explain "${name}": no object that the patch changes has such a function`,
    ...(similar.length > 0 ? { remedy: `did you mean ${similar.join(", ")}?` } : {}),
  });
}

function findFunction(atoms: readonly Atom[], name: string): Atom | undefined {
  const bare = name.replace(/^.*#/, "");
  return atoms.find((atom) => atom.kind === "function" && atom.name === bare);
}

function linesOf(atom: Atom | undefined, machine: number): readonly ListedInstruction[] {
  return (atom && listInstructions(atom, machine)) ?? [];
}
