// What a changed region of a C file can reach: a region that lies in the body of one function changes
// nothing for others but through that function. Whatever else stands at the top level (macros,
// types, constants, tables) can change the meaning of any code after it.

import { attribute, codeOf, isFunction, itemsOf } from "./c-items.ts";
import { type ScannedLine, scanLines } from "./line-neutral-scan.ts";
import type { LineRegion } from "./line-regions.ts";

export type RegionScope =
  /** Lines of the function's text before the patch. */
  | { readonly kind: "function"; readonly first: number; readonly last: number }
  /** Of a definition, before and after: `struct domain`. */
  | { readonly kind: "type"; readonly name: string }
  /** Brings functions, prototypes or comments, and touches nothing that was there. */
  | { readonly kind: "nothing-old" }
  | { readonly kind: "anything" };

const anything: RegionScope = { kind: "anything" };

/** Of each region, in order. */
export function scopesOf(
  before: string,
  after: string,
  regions: readonly LineRegion[],
): readonly RegionScope[] {
  const [old, fixed] = [scanLines(before), scanLines(after)];
  if (old.kind === "doubt" || fixed.kind === "doubt") return regions.map(() => anything);
  return regions.map((region) => {
    const { oldStart, oldCount, newStart, newCount } = region;
    const added = fixed.lines.slice(newStart - 1, newStart - 1 + newCount);
    const removed = old.lines.slice(oldStart - 1, oldStart - 1 + oldCount);
    if ([...added, ...removed].some(isDirective)) return anything;
    const [was, is] = [
      itemAround(old.lines, oldStart, oldCount),
      itemAround(fixed.lines, newStart, newCount),
    ];
    if (was !== undefined && is !== undefined) {
      if (was.text === "" && is.text === "") return { kind: "nothing-old" };
      const isSameFunction = isFunction(was.text) && isFunction(is.text);
      if (isSameFunction) return { kind: "function", first: was.first, last: was.last };
      const name = typeDefinedBy(was.text);
      const isSameType = name !== undefined && name === typeDefinedBy(is.text);
      return isSameType ? { kind: "type", name } : anything;
    }
    const isBetween = oldCount === 0 && old.lines[oldStart - 1]?.isBoundary === true;
    const isNew = (item: string) => isFunction(item) || isNewPrototype(item, before);
    return isBetween && itemsOf(added).every(isNew) ? { kind: "nothing-old" } : anything;
  });
}

/** Or a line of a macro that goes on. */
function isDirective({ text }: ScannedLine): boolean {
  return /^\s*(#|%:)/.test(text) || /\\\r?$/.test(text);
}

interface Item {
  readonly text: string;
  /** Lines count from 1. */
  readonly first: number;
  readonly last: number;
}

/** The one top-level item that all of the lines belong to. */
function itemAround(lines: readonly ScannedLine[], start: number, count: number): Item | undefined {
  const at = start - 1;
  // In front of an item is not inside of it.
  if (lines[at]?.isBoundary !== false) return undefined;
  let first = at;
  while (first > 0 && lines[first]?.isBoundary === false) first--;
  let last = at;
  while (last + 1 < lines.length && lines[last + 1]?.isBoundary === false) last++;
  if (at + count - 1 > last) return undefined;
  const own = lines.slice(first, last + 1);
  if (own.some(({ text }) => /^\s*(#|%:)\s*(define|undef|include)\b/.test(text))) return undefined;
  return { text: codeOf(own), first: first + 1, last: last + 1 };
}

/** Of a definition that says no more than what the type is: no variable, no name of a typedef alone. */
function typeDefinedBy(text: string): string | undefined {
  const [, keyword, between = "", name, tail = ""] =
    /^(?:typedef\s+)?(struct|union|enum)\s+((?:__\w+(?:\s*\(\([^{}]*\)\))?\s+)*)(\w+)\s*\{[\s\S]*\}([^{}]*);$/.exec(
      text,
    ) ?? [];
  if (keyword === undefined || /[=,[]/.test(between + tail.replace(attribute, "")))
    return undefined;
  const declared = tail
    .replace(attribute, "")
    .replace(/\b__\w+/g, "")
    .trim();
  const isNamed = declared === "" || text.startsWith("typedef");
  return isNamed ? `${keyword} ${name}` : undefined;
}

/** Of a function that nothing in the file has spoken of, and without a word about how it is called. */
function isNewPrototype(item: string, before: string): boolean {
  const name = /^[\w\s*]*?\b(\w+)\s*\([\w\s*,]*\);$/.exec(item)?.[1];
  if (name === undefined || !/^\w+[\s*]+\w/.test(item)) return false;
  return !/\b(__\w+|typedef)\b/.test(item) && !new RegExp(`\\b${name}\\b`).test(before);
}
