// The top-level items of C text, as code without comments, and which of them are functions.

import type { ScannedLine } from "./line-neutral-scan.ts";

/** Whole items of lines that begin at a boundary. */
export function itemsOf(lines: readonly ScannedLine[]): readonly string[] {
  const items: ScannedLine[][] = [];
  for (const line of lines) {
    if (line.isBoundary || items.length === 0) items.push([]);
    items.at(-1)?.push(line);
  }
  return items.map(codeOf).filter((text) => text !== "");
}

const literalOrComment = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|\/\/.*/g;

/** Without comments; what looks like one in a literal is none. */
export function codeOf(lines: readonly ScannedLine[]): string {
  const text = lines.map((line) => line.text).join("\n");
  return text.replace(literalOrComment, (_, literal?: string) => literal ?? " ").trim();
}

export const attribute = /__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)/g;

/** A name, parameters, perhaps attributes, and a body; no initial value, no type. */
export function isFunction(text: string): boolean {
  const head = (/^([^{};=]*)\{/.exec(text)?.[1] ?? "").replace(attribute, "");
  const hasParameters = /\w\s*\([^{}]*\)\s*(__\w+\s*)*$/.test(head);
  return hasParameters && !/^\s*(typedef|enum)\b/.test(head) && text.endsWith("}");
}

/** Names that may be the function's: whatever stands before a parenthesis in its head. */
export function namesOfFunction(text: string): readonly string[] {
  const head = text.slice(0, text.indexOf("{")).replace(attribute, "");
  return [...head.matchAll(/\b(\w+)\s*\(/g)].flatMap(([, name]) => name ?? []);
}
