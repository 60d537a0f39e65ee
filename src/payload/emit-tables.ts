// The sections that say what the payload is: function table, hooks, notes, metadata, symbol map.
// ABI reference §1.3 to §1.7, and the checklist of §1.10 for their flags and alignments.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { toHex } from "../bytes/hex.ts";
import { SectionFlag, SectionType, SymbolBinding, SymbolType } from "../elf/constants.ts";
import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import { Aarch64Relocation } from "../isa/aarch64.ts";
import { X86Relocation } from "../isa/x86.ts";
import type { Architecture } from "../xen-abi/architecture.ts";
import { encodeBuildIdNote } from "../xen-abi/build-id-note.ts";
import { makeExpectation } from "../xen-abi/expectation.ts";
import { HOOK_POINTER_SIZE, hookKinds, hookRules } from "../xen-abi/hooks.ts";
import {
  LIVEPATCH_FUNC_ALIGNMENT,
  LIVEPATCH_FUNC_POINTERS,
  LIVEPATCH_FUNC_SIZE,
  writeLivepatchFunc,
  zeroReserved,
} from "../xen-abi/livepatch-func.ts";
import { encodeModinfo } from "../xen-abi/modinfo.ts";
import {
  BUILD_ID_SECTION,
  DEPENDS_SECTION,
  FUNCS_SECTION,
  MODINFO_SECTION,
  XEN_DEPENDS_SECTION,
} from "../xen-abi/sections.ts";
import { BUILD_ID_KEY, unstampedBuildId, unstampedBuildIdText } from "./build-id.ts";
import type { EmitInput, Hook } from "./emit-input.ts";
import { sectionSymbolOf } from "./emit-layout.ts";
import { encodeSymbolMap, SYMBOL_MAP_SECTION, type SymbolMap } from "./symbol-map.ts";

/** Names of function entries: for Xen's messages, and for its look-up in the absence of an address. */
const STRINGS_SECTION = ".livepatch.strings";

/** Relocations of pointers. */
const absolute64: Readonly<Record<Architecture, number>> = {
  x86_64: X86Relocation.R_X86_64_64,
  aarch64: Aarch64Relocation.R_AARCH64_ABS64,
};

/** One line of the function table, with symbols of the draft. */
export interface TableEntry {
  readonly label: string;
  readonly oldFunction: DraftSymbol;
  readonly oldOffset: number;
  readonly oldSizeBytes: number;
  /** `undefined` for a guard entry. */
  readonly newBody: DraftSymbol | undefined;
  readonly expectation: Uint8Array | undefined;
}

/** Adds the function table; guards are the caller's to put first. Nothing without entries. */
export function addFunctionTable(
  draft: ElfDraft,
  entries: readonly TableEntry[],
  { architecture, payloadVersion, funcsAccess }: EmitInput,
): void {
  if (entries.length === 0) return;
  const stride = LIVEPATCH_FUNC_SIZE[payloadVersion];
  const writer = new ByteWriter(entries.length * stride);
  const strings = new StringPool();
  const stringsSymbol = sectionSymbolOf(strings.section);
  const type = absolute64[architecture];
  const relocations: DraftRelocation[] = [];
  for (const entry of entries) {
    const { newBody, oldFunction, oldOffset } = entry;
    const start = writer.length;
    const point = (field: number, symbol: DraftSymbol, addend: number): void => {
      relocations.push({ offset: start + field, type, symbol, addend: BigInt(addend) });
    };
    point(LIVEPATCH_FUNC_POINTERS.name, stringsSymbol, strings.add(entry.label));
    if (newBody !== undefined) point(LIVEPATCH_FUNC_POINTERS.newAddress, newBody, 0);
    point(LIVEPATCH_FUNC_POINTERS.oldAddress, oldFunction, oldOffset);
    writeLivepatchFunc(writer, {
      nameAddress: 0n,
      newAddress: 0n,
      oldAddress: 0n,
      newSize: Number(newBody?.size ?? 0n),
      oldSize: entry.oldSizeBytes,
      version: payloadVersion,
      reserved: zeroReserved(payloadVersion),
      expectation: payloadVersion === 2 ? makeExpectation(entry.expectation) : undefined,
    });
  }
  strings.finish();
  const access = funcsAccess === "writable" ? SectionFlag.SHF_WRITE : 0n;
  draft.symbols.push(stringsSymbol);
  draft.sections.push(strings.section, {
    ...constantSection(FUNCS_SECTION, writer.toBytes(), LIVEPATCH_FUNC_ALIGNMENT),
    flags: SectionFlag.SHF_ALLOC | access,
    relocations,
  });
}

/** One section of pointers for each kind, in the order in which Xen reads them. */
export function addHooks(
  draft: ElfDraft,
  hooks: readonly Hook[],
  architecture: Architecture,
): void {
  for (const kind of hookKinds) {
    const ofKind = hooks.filter((hook) => hook.kind === kind);
    if (ofKind.length === 0) continue;
    const pointers = new Uint8Array(ofKind.length * HOOK_POINTER_SIZE);
    draft.sections.push({
      ...constantSection(hookRules[kind].section, pointers, HOOK_POINTER_SIZE),
      relocations: ofKind.map(({ code }, index) => ({
        offset: index * HOOK_POINTER_SIZE,
        type: absolute64[architecture],
        symbol: code,
        addend: 0n,
      })),
    });
  }
}

/** The three notes; the payload's own id is filled in when the file is there (build-id.ts). */
export function addNotes(draft: ElfDraft, { depends, xenDepends }: EmitInput): void {
  draft.sections.push(
    noteSection(DEPENDS_SECTION, depends),
    noteSection(XEN_DEPENDS_SECTION, xenDepends),
    noteSection(BUILD_ID_SECTION, unstampedBuildId()),
  );
}

/**
 * Xen hands metadata through to LIST, but no build-ids; so both ids stand there as text, and a tool
 * that sees a loaded payload can tell which one it is and what it sits on.
 */
export function addMetadata(draft: ElfDraft, { depends, metadata }: EmitInput): void {
  const pairs = [
    [BUILD_ID_KEY, unstampedBuildIdText()],
    [DEPENDS_KEY, toHex(depends)],
    ...metadata,
  ];
  const content = encodeModinfo(pairs.map(([key, value]) => `${key}=${value}`));
  draft.sections.push(constantSection(MODINFO_SECTION, content, 1));
}

/** Key of the build-id of whatever this payload sits on. */
export const DEPENDS_KEY = "depends";

/** Not loaded by Xen: it is for tools that have the file. */
export function addSymbolMap(draft: ElfDraft, map: SymbolMap): void {
  draft.sections.push({
    ...constantSection(SYMBOL_MAP_SECTION, encodeSymbolMap(map), 1),
    flags: 0n,
  });
}

/** The undefined symbol with this name, which the draft may have already. */
export function requireUndefinedSymbol(draft: ElfDraft, known: UndefinedSymbols, name: string) {
  const existing = known.get(name);
  if (existing !== undefined) return existing;
  const symbol: DraftSymbol = {
    name,
    value: 0n,
    size: 0n,
    binding: SymbolBinding.STB_GLOBAL,
    type: SymbolType.STT_NOTYPE,
    visibility: 0,
    place: "undefined",
  };
  known.set(name, symbol);
  draft.symbols.push(symbol);
  return symbol;
}

export type UndefinedSymbols = Map<string, DraftSymbol>;

export function undefinedSymbolsOf(draft: ElfDraft): UndefinedSymbols {
  const symbols = draft.symbols.filter(({ place }) => place === "undefined");
  return new Map(symbols.map((symbol) => [symbol.name, symbol]));
}

function noteSection(name: string, id: Uint8Array): DraftSection {
  return { ...constantSection(name, encodeBuildIdNote(id), 4), type: SectionType.SHT_NOTE };
}

function constantSection(name: string, content: Uint8Array, alignment: number): DraftSection {
  return {
    name,
    type: SectionType.SHT_PROGBITS,
    flags: SectionFlag.SHF_ALLOC,
    alignment,
    entrySize: 0,
    content,
    relocations: [],
  };
}

/** NUL-terminated strings one after the other, each once. */
class StringPool {
  readonly section = constantSection(STRINGS_SECTION, new Uint8Array(), 1);
  readonly #writer = new ByteWriter();
  readonly #offsets = new Map<string, number>();

  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#writer.length;
    this.#writer.bytes(new TextEncoder().encode(`${text}\0`));
    this.#offsets.set(text, offset);
    return offset;
  }

  finish(): void {
    this.section.content = this.#writer.toBytes();
  }
}
