// Compiles all sources of a payload; functions that another body may replace are declared weak.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DraftSymbol, ElfDraft } from "../elf/draft.ts";
import { draftFrom } from "../elf/draft-from.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { type Compiler, compileSource } from "../xen-make/compiler.ts";
import type { ReadText } from "../xen-make/compilers/read-texts.ts";

export interface CompiledSource {
  readonly source: string;
  /** As the compiler wrote it; `draft` is made from it. */
  readonly object: ElfObject;
  readonly draft: ElfDraft;
  readonly warnings: string;
  readonly texts: readonly ReadText[];
}

export interface CompileRun {
  readonly folder: string;
  readonly extraFlags: readonly string[];
  readonly signal: AbortSignal | undefined;
}

export async function compileAll(
  sources: readonly string[],
  replaceable: readonly string[],
  compiler: Compiler,
  { folder, extraFlags, signal }: CompileRun,
): Promise<readonly CompiledSource[]> {
  const weakHeader = join(folder, "replaceable.h");
  await writeFile(weakHeader, replaceable.map((name) => `#pragma weak ${name}\n`).join(""));
  const compiled: CompiledSource[] = [];
  for (const source of sources) {
    const output = join(folder, `${compiled.length}.o`);
    // Debug information, which stays behind, tells what functions take and give.
    const flags = ["-g", ...extraFlags];
    const request = { source, output, includes: [weakHeader], extraFlags: flags, signal };
    const { bytes, warnings, texts } = await compileSource(compiler, request);
    const object = openElf(bytes, source);
    const draft = draftFrom(object);
    strengthen(draft.symbols, new Set(replaceable));
    compiled.push({ source, object, draft, warnings, texts });
  }
  return compiled;
}

/** Weakness was for the compiler only; merging must refuse two definitions. */
function strengthen(symbols: readonly DraftSymbol[], names: ReadonlySet<string>): void {
  for (const symbol of symbols) {
    const wasWeakened = names.has(symbol.name) && symbol.binding === "STB_WEAK";
    if (wasWeakened) symbol.binding = "STB_GLOBAL";
  }
}
