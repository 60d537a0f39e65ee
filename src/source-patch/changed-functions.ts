// Which functions of a C file a patch changes: those whose own text differs, wherever it stands now, and
// those that use a macro whose text differs. What changes between two functions changes neither.

import { codeOf, isFunction, itemsOf, namesOfFunction } from "./c-items.ts";
import { type ScannedLine, scanLines } from "./line-neutral-scan.ts";

export interface FileChanges {
  /** Names of functions of the text before, by their own text. */
  readonly functions: ReadonlySet<string>;
  /** Names of macros. */
  readonly macros: ReadonlySet<string>;
  /** Names of functions of the text before that use one of the macros. */
  readonly usersOf: (macros: ReadonlySet<string>) => readonly string[];
}

/** Undefined where the text cannot be read with certainty. */
export function changesOfFile(before: string, after: string): FileChanges | undefined {
  const [old, fixed] = [scanLines(before), scanLines(after)];
  if (old.kind === "doubt" || fixed.kind === "doubt") return undefined;
  const functions = functionsIn(old.lines);
  const remaining = new Set(functionsIn(fixed.lines));
  const macros = macrosIn(old.lines);
  const changed = functions.filter((text) => !remaining.has(text));
  return {
    functions: new Set(changed.flatMap(namesOfFunction)),
    macros: changedMacros(macros, macrosIn(fixed.lines)),
    usersOf: (names) => {
      const all = withUsers(names, macros);
      return functions.filter((text) => usesOneOf(text, all)).flatMap(namesOfFunction);
    },
  };
}

/** However they are broken into lines. */
function functionsIn(lines: readonly ScannedLine[]): readonly string[] {
  return itemsOf(lines)
    .filter(isFunction)
    .map((text) => text.replace(/\s*\n\s*/g, " "));
}

/** By name, all of its definitions. */
type Macros = ReadonlyMap<string, string>;

function macrosIn(lines: readonly ScannedLine[]): Macros {
  const found = new Map<string, string>();
  for (const [index, { text }] of lines.entries()) {
    const name = /^\s*(?:#|%:)\s*define\s+(\w+)/.exec(text)?.[1];
    if (name === undefined) continue;
    let last = index;
    while (/\\\r?$/.test(lines[last]?.text ?? "")) last++;
    const body = codeOf(lines.slice(index, last + 1)).replace(/\s*\\?\r?\n\s*/g, " ");
    found.set(name, `${found.get(name) ?? ""}${body}\n`);
  }
  return found;
}

function changedMacros(old: Macros, fixed: Macros): ReadonlySet<string> {
  const names = [...old.keys(), ...fixed.keys()];
  return new Set(names.filter((name) => old.get(name) !== fixed.get(name)));
}

/** With macros of the file that use them, over any number of steps. */
function withUsers(names: ReadonlySet<string>, macros: Macros): ReadonlySet<string> {
  const all = new Set(names);
  for (let known = -1; known !== all.size; ) {
    known = all.size;
    for (const [name, body] of macros) if (usesOneOf(body, all)) all.add(name);
  }
  return all;
}

function usesOneOf(text: string, names: ReadonlySet<string>): boolean {
  return names.size > 0 && (text.match(/\w+/g) ?? []).some((word) => names.has(word));
}
