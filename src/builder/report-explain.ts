// `--explain FUNCTION`: the instructions of both sides next to one another. What is the same stands on
// one line; calls and addresses have names, so that code which only moved looks the same.

import { diffArrays } from "diff";
import type { Atom } from "../diff/atom.ts";
import { listInstructions } from "../diff/listing.ts";
import type { ComparedObject } from "./build-compare.ts";
import { BuilderError } from "./errors.ts";
import { similarNames } from "./similar-names.ts";

export interface ExplainedFunction {
  readonly object: string;
  readonly name: string;
  readonly rows: readonly ExplainedRow[];
}

export interface ExplainedRow {
  readonly kind: "same" | "differs";
  /** `+0x1c: cmp $4,%eax`; absent where the other side has more. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Of every object that has a function of this name, on either side. */
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
    const rows = alignRows(linesOf(before, machine), linesOf(after, machine));
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

interface Line {
  readonly offset: number;
  readonly text: string;
}

function linesOf(atom: Atom | undefined, machine: number): readonly Line[] {
  return (atom && listInstructions(atom, machine)) ?? [];
}

function alignRows(before: readonly Line[], after: readonly Line[]): readonly ExplainedRow[] {
  const rows: ExplainedRow[] = [];
  let [left, right] = [0, 0];
  const isSame = (one: Line, other: Line) => meaningOf(one) === meaningOf(other);
  const parts = diffArrays([...before], [...after], { comparator: isSame });
  for (const [index, { added, removed, count }] of parts.entries()) {
    if (added) {
      // What was removed just before stands beside it already.
      const paired = parts[index - 1]?.removed ? (parts[index - 1]?.count ?? 0) : 0;
      for (let at = Math.min(paired, count); at < count; at++) {
        rows.push({ kind: "differs", before: undefined, after: shown(after[right + at]) });
      }
      right += count;
    } else if (removed) {
      const next = parts[index + 1];
      const paired = next?.added ? next.count : 0;
      for (let at = 0; at < count; at++) {
        const other = at < paired ? shown(after[right + at]) : undefined;
        rows.push({ kind: "differs", before: shown(before[left + at]), after: other });
      }
      left += count;
    } else {
      for (let at = 0; at < count; at++) {
        rows.push({
          kind: "same",
          before: shown(before[left + at]),
          after: shown(after[right + at]),
        });
      }
      left += count;
      right += count;
    }
  }
  return rows;
}

/** Jumps inside of the function move with what stands between. */
function meaningOf({ text }: Line): string {
  return text.replace(/ <?\+0x[0-9a-f]+>?$/, " +");
}

function shown(line: Line | undefined): string | undefined {
  return line === undefined ? undefined : `+0x${line.offset.toString(16)}: ${line.text}`;
}
