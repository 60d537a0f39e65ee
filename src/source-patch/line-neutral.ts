// Makes a patched C file line-neutral: what the patch did not change keeps its line numbers, by
// `#line` directives, so that `__LINE__` is no difference in functions that only moved. Directives
// stand between complete top-level items alone: inside of macro arguments, continued lines or asm
// strings they would change or break code. Where there is doubt, the file stays as it is.

import { type ScannedLine, scanLines } from "./line-neutral-scan.ts";
import { type LineRegion, oldLineOf } from "./line-regions.ts";

export type Neutralized =
  | { readonly kind: "neutral"; readonly text: string }
  /** Nothing has moved. */
  | { readonly kind: "unneeded" }
  | { readonly kind: "doubt"; readonly reason: string };

/** `regions` are those of the patched text against the one before. */
export function neutralizeLines(patched: string, regions: readonly LineRegion[]): Neutralized {
  if (regions.every(({ oldCount, newCount }) => oldCount === newCount)) return { kind: "unneeded" };
  const scan = scanLines(patched);
  if (scan.kind === "doubt") return scan;
  const directives = placeDirectives(scan.lines, regions);
  const collision = findCollision(scan.lines, directives);
  if (collision !== undefined) return { kind: "doubt", reason: collision };
  if (directives.size === 0) return { kind: "unneeded" };
  const text = scan.lines.map(({ text }, index) => {
    const number = directives.get(index + 1);
    return number === undefined ? text : `#line ${number}\n${text}`;
  });
  return { kind: "neutral", text: text.join("\n") };
}

/** Line of the patched text to the number that a directive in front of it gives. */
function placeDirectives(
  lines: readonly ScannedLine[],
  regions: readonly LineRegion[],
): ReadonlyMap<number, number> {
  const directives = new Map<number, number>();
  let shift = 0; // What the last directive adds to the physical line.
  let condition = 0; // How deep in #if that directive stands.
  let repeat = false; // It may have been skipped together with its branch.
  for (const [index, { isBoundary, conditionDepth, leavesBranch }] of lines.entries()) {
    const line = index + 1;
    const number = oldLineOf(regions, line);
    const isWrong = number !== undefined && number !== line + shift;
    if (isBoundary && number !== undefined && (isWrong || repeat)) {
      directives.set(line, number);
      shift = number - line;
      condition = conditionDepth;
      repeat = false;
    }
    if (leavesBranch && directives.size > 0 && conditionDepth <= condition) {
      repeat = true;
      condition = conditionDepth;
    }
  }
  return directives;
}

/**
 * Numbers that repeat: names which a macro pastes from `__LINE__` at the top level of the file would
 * become one. (Inside of functions such names are their function's own.)
 */
function findCollision(
  lines: readonly ScannedLine[],
  directives: ReadonlyMap<number, number>,
): string | undefined {
  const macroCalls = new Set<number>();
  let shift = 0;
  for (const [index, { isMacroCall }] of lines.entries()) {
    const line = index + 1;
    const number = directives.get(line);
    if (number !== undefined) shift = number - line;
    if (!isMacroCall) continue;
    if (macroCalls.has(line + shift)) {
      return `two macro calls at the top level would both be at line ${line + shift}`;
    }
    macroCalls.add(line + shift);
  }
  return undefined;
}
