// The way back from a payload to bytes: code and data as they are in a draft, tables as a Payload
// says. What parsePayload() reads of the result equals the tables that were written.

import { hexNumber, parseHex } from "../bytes/hex.ts";
import { SectionFlag } from "../elf/constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import { draftFrom } from "../elf/draft-from.ts";
import { sectionSymbol } from "../elf/draft-symbols.ts";
import { readElf } from "../elf/read.ts";
import { writeElf } from "../elf/write.ts";
import { encodeModinfo } from "../xen-abi/modinfo.ts";
import {
  BUILD_ID_SECTION,
  DEPENDS_SECTION,
  FUNCS_SECTION,
  livepatchSections,
  MODINFO_SECTION,
  XEN_DEPENDS_SECTION,
} from "../xen-abi/sections.ts";
import {
  addFunctionRows,
  addHookRows,
  addReasons,
  addSymbolMap,
  buildIdSection,
  constantSection,
  type DraftPointer,
  type FunctionRow,
  type FunctionTableOptions,
  requireUndefinedSymbol,
  STRINGS_SECTION,
  undefinedSymbolsOf,
} from "./draft-tables.ts";
import { PayloadError } from "./errors.ts";
import type { OldAddress, PayloadTables } from "./payload.ts";
import { REASONS_SECTION } from "./reasons.ts";
import { SYMBOL_MAP_SECTION } from "./symbol-map.ts";

/**
 * The payload in `bytes` with other tables: its code and data stay, its function table, hooks,
 * notes, metadata, symbol map and reasons become what `tables` says.
 * @throws ElfError when `bytes` cannot be read or edited; PayloadError when `tables` point at a
 * section that the payload does not have, or its code at a table that goes
 */
export function rewritePayload(
  bytes: Uint8Array,
  source: string,
  tables: PayloadTables,
): Uint8Array {
  const draft = draftFrom(readElf(bytes, source));
  const funcs = draft.sections.find(({ name }) => name === FUNCS_SECTION);
  const isWritable = funcs !== undefined && (funcs.flags & SectionFlag.SHF_WRITE) !== 0n;
  removeTables(draft, source);
  addTables(draft, tables, isWritable ? "writable" : "read-only");
  return writeElf(draft);
}

/**
 * Puts the tables into a draft that has none, and makes the undefined symbols that they need.
 * @throws PayloadError when they point at a section that the draft does not have
 */
export function addTables(
  draft: ElfDraft,
  tables: PayloadTables,
  access: FunctionTableOptions["access"],
): void {
  const { architecture, version } = tables;
  const pointers = pointersInto(draft);
  const rows = tables.functions.map(
    (entry): FunctionRow => ({
      label: entry.name,
      newAddress: entry.kind === "replace" ? pointers(entry.newAddress) : undefined,
      oldAddress: pointers(entry.oldAddress),
      newSize: entry.kind === "guard" ? 0 : entry.newSize,
      oldSize: entry.oldSize,
      expectation: entry.expectation,
    }),
  );
  const hooks = tables.hooks.map(({ kind, target }) => ({ kind, target: pointers(target) }));
  addFunctionRows(draft, rows, { architecture, version, access });
  addHookRows(draft, hooks, architecture);
  const ids = [
    [DEPENDS_SECTION, tables.depends],
    [XEN_DEPENDS_SECTION, tables.xenDepends],
    [BUILD_ID_SECTION, tables.buildId],
  ] as const;
  for (const [name, id] of ids) {
    if (id !== undefined) draft.sections.push(buildIdSection(name, parseHex(id)));
  }
  if (tables.metadata.length > 0) {
    draft.sections.push(constantSection(MODINFO_SECTION, encodeModinfo(tables.metadata), 1));
  }
  if (tables.symbolMap !== undefined) addSymbolMap(draft, tables.symbolMap);
  addReasons(draft, tables.reasons);
}

function removeTables(draft: ElfDraft, source: string): void {
  const names = [...livepatchSections, STRINGS_SECTION, SYMBOL_MAP_SECTION, REASONS_SECTION];
  const isTable = (section: DraftSection) => names.includes(section.name);
  const isOfTable = ({ place }: DraftSymbol) => typeof place === "object" && isTable(place);
  draft.sections = draft.sections.filter((section) => !isTable(section));
  draft.symbols = draft.symbols.filter((symbol) => !isOfTable(symbol));
  for (const section of draft.sections) {
    const relocation = section.relocations.find(({ symbol }) => isOfTable(symbol));
    if (relocation === undefined) continue;
    throw new PayloadError({
      code: "payload/unsupported",
      problem: `Cannot rewrite "${source}": its section "${section.name}" refers to a table`,
      where: `${source}, section "${section.name}", ${hexNumber(relocation.offset)} bytes into it`,
      expected: "code and data that refer to each other only",
    });
  }
}

function pointersInto(draft: ElfDraft): (target: OldAddress) => DraftPointer {
  const undefinedSymbols = undefinedSymbolsOf(draft);
  const sectionSymbols = new Map<DraftSection, DraftSymbol>();
  for (const symbol of draft.symbols) {
    if (symbol.type !== "STT_SECTION" || typeof symbol.place === "string") continue;
    sectionSymbols.set(symbol.place, symbol);
  }
  const symbolOf = (section: DraftSection): DraftSymbol => {
    const known = sectionSymbols.get(section);
    if (known !== undefined) return known;
    const symbol = sectionSymbol(section);
    sectionSymbols.set(section, symbol);
    draft.symbols.push(symbol);
    return symbol;
  };
  return (target) => {
    switch (target.kind) {
      case "name":
        return undefined;
      case "address":
        return { address: target.address };
      case "symbol": {
        const symbol = requireUndefinedSymbol(draft, undefinedSymbols, target.symbol);
        return { symbol, addend: target.addend };
      }
      case "own": {
        const section = requireDraftSection(draft, target.section);
        return { symbol: symbolOf(section), addend: BigInt(target.offset) };
      }
    }
  };
}

function requireDraftSection(draft: ElfDraft, name: string): DraftSection {
  const [section, second] = draft.sections.filter((candidate) => candidate.name === name);
  if (section !== undefined && second === undefined) return section;
  throw new PayloadError({
    code: "payload/missing",
    problem: `Cannot point into section "${name}": the payload has ${section === undefined ? "none" : "two"} of that name`,
    expected: "one section of that name",
  });
}
