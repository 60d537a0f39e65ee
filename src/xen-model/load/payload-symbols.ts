// What a payload gives to those loaded after it: every named symbol that is not the replacement of
// a function. Each name may exist once: ABI reference §2.11.

import { SectionNumber } from "../../elf/constants.ts";
import { PAYLOAD_SYMBOL_NAME_MAX } from "../../xen-abi/limits.ts";
import type { ExportedSymbol, ModelFunction } from "../payload.ts";
import { refuse } from "../verdict.ts";
import type { LoadContext } from "./load-context.ts";
import { hasFlag, type PayloadSymbol } from "./payload-file.ts";
import type { ResolvedSymbol } from "./resolve-symbols.ts";

export function exportSymbols(
  context: LoadContext,
  resolved: ReadonlyMap<number, ResolvedSymbol>,
  functions: readonly ModelFunction[],
): readonly ExportedSymbol[] {
  const replacements = new Set(functions.map(({ entry }) => entry.newAddress));
  const exports: ExportedSymbol[] = [];
  for (const { symbol, value } of resolved.values()) {
    if (!isRecorded(context, symbol) || replacements.has(value)) continue;
    const name = symbol.name.slice(0, PAYLOAD_SYMBOL_NAME_MAX);
    if (context.lookUp(name) !== undefined && !context.xen.takesDuplicateSymbols()) {
      refuse("symbols/duplicate", "EEXIST", `a symbol "${name}" exists already`, {
        place: { symbol: name, offset: symbol.fileOffset },
        console: [`duplicate new symbol: ${name}`],
      });
    }
    exports.push({ name, value });
  }
  return exports;
}

function isRecorded({ file, xen }: LoadContext, { st_shndx, name }: PayloadSymbol): boolean {
  const section = file.sections[st_shndx];
  if (st_shndx === SectionNumber.SHN_UNDEF || section === undefined || name === "") return false;
  if (!hasFlag(section, "SHF_ALLOC")) return false;
  if (hasFlag(section, "SHF_MERGE") && name.startsWith(".L")) return false;
  return xen.architecture !== "aarch64" || !/^\$[dx](\.|$)/.test(name);
}
