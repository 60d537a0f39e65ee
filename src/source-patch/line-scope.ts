// What a changed region of a C file can reach: a region that lies in the body of one function changes
// nothing for others but through that function. Whatever else stands at the top level (macros,
// types, constants, tables) can change the meaning of any code after it.

import { attribute, codeOf, isFunction, itemsOf, namesOfFunction } from "./c-items.ts";
import { type ScannedLine, scanLines } from "./line-neutral-scan.ts";
import type { LineRegion } from "./line-regions.ts";

export type RegionScope =
  /** Lines of the function's text before the patch. */
  | {
      readonly kind: "function";
      readonly first: number;
      readonly last: number;
      /** That may be its name, before and after. */
      readonly names: readonly string[];
    }
  /** Of a definition, before and after: `struct domain`. */
  | { readonly kind: "type"; readonly name: string }
  /**
   * Brings functions, prototypes or comments, or takes away definitions of types or prototypes, and touches
   * nothing else: what named a type that is gone must have changed itself, or it would not compile.
   */
  | { readonly kind: "nothing-old" }
  /** Includes headers that the patch brings, which may have macros: of names that nothing had, as a rule. */
  | { readonly kind: "new-headers" }
  | { readonly kind: "anything" };

const anything: RegionScope = { kind: "anything" };

/**
 * Of all regions, in order; a region that takes away several functions has one for each.
 * @param isNewHeader whether the patch brings a header, as an include names it
 */
export function scopesOf(
  before: string,
  after: string,
  regions: readonly LineRegion[],
  isNewHeader: (name: string) => boolean = () => false,
): readonly RegionScope[] {
  const [old, fixed] = [scanLines(before), scanLines(after)];
  if (old.kind === "doubt" || fixed.kind === "doubt") return regions.map(() => anything);
  return regions.flatMap((region): RegionScope | readonly RegionScope[] => {
    const { oldStart, oldCount, newStart, newCount } = region;
    const added = fixed.lines.slice(newStart - 1, newStart - 1 + newCount);
    const removed = old.lines.slice(oldStart - 1, oldStart - 1 + oldCount);
    const isNewInclude = ({ text }: ScannedLine) => isNewHeader(includedBy(text) ?? "");
    if (oldCount === 0 && added.every(isNewInclude)) return { kind: "new-headers" };
    const directives = [...added, ...removed].filter(isDirective);
    if (!directives.every(isCondition)) return anything;
    if (isInMacro(old.lines, oldStart) || isInMacro(fixed.lines, newStart)) return anything;
    const [was, is] = [
      itemAround(old.lines, oldStart, oldCount),
      itemAround(fixed.lines, newStart, newCount),
    ];
    if (was !== undefined && is !== undefined) {
      if (was.text === "" && is.text === "") return { kind: "nothing-old" };
      const isSameFunction = isFunction(was.text) && isFunction(is.text);
      if (directives.length > 0 && !(isSameFunction && was.isBalanced && is.isBalanced)) {
        return anything;
      }
      if (isSameFunction) {
        const names = [was, is].flatMap(({ text }) => namesOfFunction(text));
        return { kind: "function", first: was.first, last: was.last, names };
      }
      const [type, now] = [typeDefinedBy(was.text), typeDefinedBy(is.text)];
      const isSameType = type?.name === now?.name && type?.attributes === now?.attributes;
      return isSameType && type !== undefined ? { kind: "type", name: type.name } : anything;
    }
    if (directives.length > 0) return anything;
    if (newCount === 0) return scopesOfRemoved(old.lines, oldStart, oldCount);
    const isBetween = oldCount === 0 && old.lines[oldStart - 1]?.isBoundary === true;
    const isNew = (item: string) => isFunction(item) || isNewPrototype(item, before);
    return isBetween && itemsOf(added).every(isNew) ? { kind: "nothing-old" } : anything;
  });
}

/** Of whole items. */
function scopesOfRemoved(
  lines: readonly ScannedLine[],
  start: number,
  count: number,
): readonly RegionScope[] {
  let first = start;
  // The same text may be said to be gone from the end of one item to that of another.
  while (
    lines[first - 1]?.isBoundary === false &&
    lines[first - 1]?.text === lines[first - 1 + count]?.text
  ) {
    first++;
  }
  const end = first + count;
  if (lines[first - 1]?.isBoundary !== true || lines[end - 1]?.isBoundary === false) {
    return [anything];
  }
  const scopes: RegionScope[] = [];
  for (let next = first; next < end; ) {
    const itemStart = next++;
    while (next < end && lines[next - 1]?.isBoundary === false) next++;
    const text = codeOf(lines.slice(itemStart - 1, next - 1));
    if (text === "") continue;
    if (isFunction(text)) {
      const names = namesOfFunction(text);
      scopes.push({ kind: "function", first: itemStart, last: next - 1, names });
    } else if (typeDefinedBy(text) !== undefined || isPrototype(text)) {
      scopes.push({ kind: "nothing-old" });
    } else scopes.push(anything);
  }
  return scopes.length > 0 ? scopes : [{ kind: "nothing-old" }];
}

/** Or a line of a macro that goes on. */
function isDirective({ text }: ScannedLine): boolean {
  return /^\s*(#|%:)/.test(text) || /\\\r?$/.test(text);
}

/** It only says which lines are compiled. */
function isCondition({ text }: ScannedLine): boolean {
  return conditional.test(text) && !/\\\r?$/.test(text);
}

const conditional = /^\s*(?:#|%:)\s*(if|ifdef|ifndef|elif|else|endif)\b/;

/** Each condition ends where it begins: what stands outside is compiled as before. */
function isBalanced(lines: readonly ScannedLine[]): boolean {
  let depth = 0;
  for (const { text } of lines) {
    const [, word = ""] = conditional.exec(text) ?? [];
    if (word.startsWith("if")) depth++;
    else if (word !== "" && depth === 0) return false;
    else if (word === "endif") depth--;
  }
  return depth === 0;
}

/** The line goes on with a macro that begins above it. */
function isInMacro(lines: readonly ScannedLine[], start: number): boolean {
  return /\\\r?$/.test(lines[start - 2]?.text ?? "");
}

/** `xen/seqcount.h` */
function includedBy(text: string): string | undefined {
  return /^\s*#\s*include\s*[<"]([^>"]+)[>"]\s*$/.exec(text)?.[1];
}

interface Item {
  readonly text: string;
  /** Lines count from 1. */
  readonly first: number;
  readonly last: number;
  readonly isBalanced: boolean;
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
  // A macro that is defined in it stays as it is.
  if (own.some(({ text }) => /^\s*(#|%:)\s*include\b/.test(text))) return undefined;
  return {
    text: codeOf(own),
    first: first + 1,
    last: last + 1,
    isBalanced: isBalanced(own),
  };
}

/** Of a definition that says no more than what the type is: no variable, no name of a typedef alone. */
function typeDefinedBy(
  text: string,
): { readonly name: string; readonly attributes: string } | undefined {
  const [, keyword, between = "", name, tail = ""] =
    /^(?:typedef\s+)?(struct|union|enum)\s+((?:__\w+(?:\s*\(\(?[^{}]*\)\)?)?\s+)*)(\w+)\s*\{[\s\S]*\}([^{}]*);$/.exec(
      text,
    ) ?? [];
  if (keyword === undefined || /[=,[]/.test(between + tail.replace(attribute, "")))
    return undefined;
  const declared = tail
    .replace(attribute, "")
    .replace(/\b__\w+(?:\s*\([\w\s]*\))?/g, "")
    .trim();
  const isNamed = declared === "" || text.startsWith("typedef");
  return isNamed ? { name: `${keyword} ${name}`, attributes: between + tail } : undefined;
}

/** Of a function that nothing in the file has spoken of, and without a word about how it is called. */
function isNewPrototype(item: string, before: string): boolean {
  const name = prototype.exec(item)?.[1];
  return isPrototype(item) && !new RegExp(`\\b${name}\\b`).test(before);
}

const prototype = /^[\w\s*]*?\b(\w+)\s*\([\w\s*,]*\);$/;

function isPrototype(item: string): boolean {
  return prototype.test(item) && /^\w+[\s*]+\w/.test(item) && !/\b(__\w+|typedef)\b/.test(item);
}
