// Two listings of the same function beside one another: what is the same stands on one line. Calls and
// addresses have names, so that code which only moved looks the same.

import { diffArrays } from "diff";
import type { ListedInstruction } from "./listing.ts";

export interface AlignedRow {
  readonly kind: "same" | "differs";
  /** `+0x1c: cmp $4,%eax`; absent where the other side has more. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Beyond so many differences nothing is the same any more, and the search would take for ever. */
const EDITS_MAX = 4000;

export function alignListings(
  before: readonly ListedInstruction[],
  after: readonly ListedInstruction[],
): readonly AlignedRow[] {
  const found = diffArrays(before.map(meaningOf), after.map(meaningOf), {
    maxEditLength: EDITS_MAX,
  });
  const changes: readonly Change[] = found ?? [
    { removed: true, added: false, count: before.length },
    { removed: false, added: true, count: after.length },
  ];
  const rows: AlignedRow[] = [];
  const [left, right] = [before.values(), after.values()];
  for (const { kind, removed, added } of steps(changes)) {
    for (let at = 0; at < Math.max(removed, added); at++) {
      const line = at < removed ? left.next().value : undefined;
      const other = at < added ? right.next().value : undefined;
      rows.push({ kind, before: shown(line), after: shown(other) });
    }
  }
  return rows;
}

interface Change {
  readonly added: boolean;
  readonly removed: boolean;
  readonly count: number;
}

interface Step {
  readonly kind: AlignedRow["kind"];
  /** Lines of either side that stand beside one another. */
  readonly removed: number;
  readonly added: number;
}

/** What was removed stands beside what was added in its place. */
function steps(changes: readonly Change[]): readonly Step[] {
  const found: Step[] = [];
  for (const { added, removed, count } of changes) {
    const last = found.at(-1);
    if (added && last?.kind === "differs") {
      found[found.length - 1] = { ...last, added: last.added + count };
    } else if (removed && last?.kind === "differs") {
      found[found.length - 1] = { ...last, removed: last.removed + count };
    } else if (added || removed) {
      found.push({
        kind: "differs",
        removed: removed ? count : 0,
        added: added ? count : 0,
      });
    } else {
      found.push({ kind: "same", removed: count, added: count });
    }
  }
  return found;
}

/** Jumps inside of the function move with what stands between; files of local names do not matter. */
function meaningOf({ text }: ListedInstruction): string {
  return text.replace(/ <?\+0x[0-9a-f]+>?$/, " +").replaceAll(/[\w./-]+\.[cS]#/g, "");
}

function shown(line: ListedInstruction | undefined): string | undefined {
  return line === undefined ? undefined : `+0x${line.offset.toString(16)}: ${line.text}`;
}
