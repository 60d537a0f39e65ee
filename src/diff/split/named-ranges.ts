// Which stretch of a section each symbol names.

import { numberOfSymbolBinding } from "../../elf/names.ts";
import type { ElfObject, ElfSymbol, Section } from "../../elf/object.ts";
import { contentsOf } from "../../elf/sections.ts";
import type { SectionRule } from "../policy.ts";
import { isCode } from "./code.ts";
import { isFilling } from "./filling.ts";

export interface NamedInput {
  readonly object: ElfObject;
  readonly section: Section;
  readonly rule: SectionRule;
  /** That name something: no section symbols, no labels of the compiler. */
  readonly symbols: readonly ElfSymbol[];
}

/** What one or several symbols name; `end` is where the longest of them ends. */
export interface NamedRange {
  readonly start: number;
  end: number;
  readonly symbols: ElfSymbol[];
  readonly hasSize: boolean;
}

/** In order of their starts. */
export function namedRanges(input: NamedInput): readonly NamedRange[] {
  return withSubsections(input, rangesOfSymbols(input));
}

/**
 * Code that inline assembly puts into a subsection (`.subsection 1`) lies after its function, and
 * short jumps lead there and back: where a section has one function, all of its code is that.
 */
function withSubsections(
  { object, section, rule }: NamedInput,
  ranges: readonly NamedRange[],
): readonly NamedRange[] {
  const [only, ...others] = ranges.filter(({ hasSize }) => hasSize);
  if (only === undefined || others.length > 0 || only.start !== 0 || rule.role !== "code") {
    return ranges;
  }
  const rest = contentsOf(object, section).subarray(only.end);
  if (!isCode(section) || isFilling(rest, true)) return ranges;
  const symbols = ranges.flatMap((range) => range.symbols);
  return [{ ...only, end: section.size, symbols }];
}

/** Ranges that do not overlap: a symbol inside of another's range belongs to that. */
function rangesOfSymbols({ section, symbols }: NamedInput): readonly NamedRange[] {
  const sorted = [...symbols].sort(
    (left, right) => Number(left.value - right.value) || Number(right.size - left.size),
  );
  const ranges: NamedRange[] = [];
  for (const symbol of sorted) {
    const start = Math.min(Number(symbol.value), section.size);
    const end = Math.min(start + Number(symbol.size), section.size);
    const last = ranges.at(-1);
    if (last !== undefined && (start < last.end || start === last.start)) {
      last.symbols.push(symbol);
      last.end = Math.max(last.end, end);
    } else {
      ranges.push({ start, end, symbols: [symbol], hasSize: symbol.size > 0n });
    }
  }
  // A label without a size reaches as far as the next one.
  for (const [index, range] of ranges.entries()) {
    if (!range.hasSize) range.end = ranges[index + 1]?.start ?? section.size;
    range.symbols.sort(byImportance);
  }
  return ranges;
}

/** Typed before untyped, others' before our own, long before short, then by name. */
function byImportance(left: ElfSymbol, right: ElfSymbol): number {
  const typed = ({ type }: ElfSymbol): number => (type === "STT_NOTYPE" ? 1 : 0);
  return (
    typed(left) - typed(right) ||
    numberOfSymbolBinding(right.binding) - numberOfSymbolBinding(left.binding) ||
    Number(right.size - left.size) ||
    Number(left.value - right.value) ||
    (left.name < right.name ? -1 : left.name > right.name ? 1 : 0)
  );
}
