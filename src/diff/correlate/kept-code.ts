// Is all the code that leads to the uses of some variables still there after the patch, in the same order?
// Then what the patch brought only stands in between, and each use is known again. The old code is followed
// along its jumps, from the function's entry on, and its instructions are looked for along those of the new
// code; where blocks lie does not matter. An exchanged condition before a use, for example, is not found. What
// is done right after a use counts as well: two branches could have exchanged it.

import type { Atom } from "../atom.ts";
import type { IsSameLine } from "../line-rule.ts";
import { requireDefined } from "../require-defined.ts";
import type { CodeRow } from "./code-rows.ts";

export interface CodeSides {
  readonly before: readonly CodeRow[];
  readonly after: readonly CodeRow[];
  readonly functionName: string;
  readonly isSameLine: IsSameLine | undefined;
}

/** Which use became which; undefined when some use cannot be told for certain. */
export function keptUses(sides: CodeSides): readonly (readonly [Atom, Atom])[] | undefined {
  const { before, after } = sides;
  const partners = followCode(sides);
  const found = new Set(partners?.values());
  const [were, are] = [usesOf(before), usesOf(after)];
  if (partners === undefined || found.size !== partners.size) return undefined;
  if (!are.every((row) => found.has(row))) return undefined;
  const uses: [Atom, Atom][] = [];
  for (const row of were) {
    const [use, newUse] = [before[row]?.use, after[partners.get(row) ?? -1]?.use];
    if (use === undefined || newUse === undefined) return undefined;
    uses.push([use, newUse]);
  }
  return uses;
}

function usesOf(rows: readonly CodeRow[]): readonly number[] {
  return rows.flatMap(({ use }, index) => (use === undefined ? [] : [index]));
}

/** Of each row that a use needs, the row after; undefined when one is not found. */
function followCode(sides: CodeSides): ReadonlyMap<number, number> | undefined {
  const { before, after } = sides;
  const [comeFrom, newComeFrom] = [comeFromOf(before), comeFromOf(after)];
  const leading = rowsToUses(before, comeFrom);
  const newLeading = rowsToUses(after, newComeFrom);
  const needed = new Set([...leading, ...rowsAfterUses(before, comeFrom)]);
  const partners = new Map<number, number>();
  const stack = new Map<string, string>();
  const work: { readonly goal: number; readonly start: number | undefined }[] = [
    { goal: 0, start: 0 },
  ];
  for (let step = work.pop(); step !== undefined; step = work.pop()) {
    const [goal, start] = [skipSilent(step.goal, before), step.start];
    if (goal === undefined || !needed.has(goal)) {
      if (start !== undefined && newLeading.has(start)) return undefined;
      continue;
    }
    const found = findRow(goal, start, sides);
    if (found === undefined || (partners.get(goal) ?? found) !== found) return undefined;
    if (partners.has(goal)) continue;
    partners.set(goal, found);
    const [row, newRow] = [requireDefined(before[goal]), requireDefined(after[found])];
    if (!isSameStackPlace(row.stackOffset, newRow.stackOffset, stack)) return undefined;
    if (row.target !== undefined) work.push({ goal: row.target, start: newRow.target });
    if (row.falls) work.push({ goal: goal + 1, start: found + 1 });
  }
  return partners;
}

type ComeFrom = ReadonlyMap<number, readonly number[]>;

function comeFromOf(rows: readonly CodeRow[]): ComeFrom {
  const comeFrom = new Map<number, number[]>();
  for (const [index, { target, falls }] of rows.entries()) {
    for (const next of [...(target === undefined ? [] : [target]), ...(falls ? [index + 1] : [])]) {
      comeFrom.set(next, [...(comeFrom.get(next) ?? []), index]);
    }
  }
  return comeFrom;
}

/** Rows from which a use can be reached, uses among them. */
function rowsToUses(rows: readonly CodeRow[], comeFrom: ComeFrom): ReadonlySet<number> {
  const open = rows.flatMap(({ isOpenJump }, index) => (isOpenJump ? [index] : []));
  const found = new Set([...usesOf(rows), ...open]);
  // A set that grows is walked to its end.
  for (const row of found) for (const from of comeFrom.get(row) ?? []) found.add(from);
  return found;
}

/** How often the code may decide after a use, and still be what the use is for. */
const DECISIONS_MAX = 1;

/** What only follows on a use, up to where other code comes in. */
function rowsAfterUses(rows: readonly CodeRow[], comeFrom: ComeFrom): ReadonlySet<number> {
  const found = new Set<number>();
  const follow = (start: number | undefined, decisions: number): void => {
    for (let row = start; row !== undefined && row < rows.length; row = nextOf(row, rows)) {
      if (found.has(row) || (comeFrom.get(row) ?? []).length > 1) return;
      found.add(row);
      if (rows[row]?.isConditional !== true) continue;
      if (decisions === DECISIONS_MAX) return;
      follow(rows[row]?.target, decisions + 1);
      follow(row + 1, decisions + 1);
      return;
    }
  };
  for (const use of usesOf(rows)) follow(nextOf(use, rows), 0);
  return found;
}

/** The row itself, or where jumps without a condition and filling lead from there. */
function skipSilent(start: number | undefined, rows: readonly CodeRow[]): number | undefined {
  const seen = new Set<number>();
  let row = start;
  while (row !== undefined && rows[row]?.isSilent === true && !seen.has(row)) {
    seen.add(row);
    row = nextOf(row, rows);
  }
  return row;
}

function nextOf(row: number, rows: readonly CodeRow[]): number | undefined {
  return rows[row]?.falls === true ? row + 1 : rows[row]?.target;
}

/** The first row that does the same; what the patch brought is passed, but no use. */
function findRow(goal: number, start: number | undefined, sides: CodeSides): number | undefined {
  const { before, after } = sides;
  const isDecision = before[goal]?.isConditional === true;
  const seen = new Set<number>();
  for (let row = skipSilent(start, after); row !== undefined && !seen.has(row); ) {
    if (isSameDecision(goal, row, sides)) return row;
    // What a jump depends on is decided right before it.
    if (isDecision || after[row]?.use !== undefined) return undefined;
    seen.add(row);
    row = skipSilent(nextOf(row, after), after);
  }
  return undefined;
}

/** Together with the jump that follows it. */
function isSameDecision(goal: number, row: number, sides: CodeSides): boolean {
  if (!isSameRow(sides.before[goal], sides.after[row], sides)) return false;
  const [next, newNext] = [sides.before[goal + 1], sides.after[row + 1]];
  return next?.isConditional !== true || isSameRow(next, newNext, sides);
}

function isSameRow(
  before: CodeRow | undefined,
  after: CodeRow | undefined,
  { isSameLine, functionName }: CodeSides,
): boolean {
  if (before === undefined || before.key !== after?.key) return false;
  if (before.immediate === after.immediate) return true;
  if (before.immediate === undefined || after.immediate === undefined) return false;
  const [line, newLine] = [Number(before.immediate), Number(after.immediate)];
  return isSameLine?.(line, newLine, functionName) ?? false;
}

/** Another frame moves all places on the stack, but two that were apart stay apart. */
function isSameStackPlace(
  before: string | undefined,
  after: string | undefined,
  known: Map<string, string>,
): boolean {
  if (before === undefined || after === undefined) return before === after;
  const [there, back] = [known.get(`before ${before}`), known.get(`after ${after}`)];
  known.set(`before ${before}`, after).set(`after ${after}`, before);
  return (there ?? after) === after && (back ?? before) === before;
}
