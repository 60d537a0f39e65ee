// Creates the sections that describe a payload, in a draft that has its code and data: function table,
// hooks, notes, symbol map. ABI reference §1.3 to §1.7, and the checklist of §1.10 for their flags and
// alignments. Used by the emitter (emit/tables.ts) and by write.ts.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { SectionFlag } from "../elf/constants.ts";
import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import { sectionSymbol, undefinedSymbol } from "../elf/draft-symbols.ts";
import type { Architecture } from "../isa/architecture.ts";
import { encodeBuildIdNote } from "../xen-abi/build-id-note.ts";
import { makeExpectation } from "../xen-abi/expectation.ts";
import { HOOK_POINTER_SIZE, type HookKind, hookKinds, hookRules } from "../xen-abi/hooks.ts";
import {
  LIVEPATCH_FUNC_ALIGNMENT,
  LIVEPATCH_FUNC_POINTERS,
  LIVEPATCH_FUNC_SIZE,
  writeLivepatchFunc,
  zeroReserved,
} from "../xen-abi/livepatch-func.ts";
import type { PayloadVersion } from "../xen-abi/release.ts";
import { FUNCS_SECTION } from "../xen-abi/sections.ts";
import { encodeOrigin, ORIGIN_SECTION, type PayloadOrigin } from "./made-from/origin.ts";
import { encodeSources, type PayloadSources, SOURCES_SECTION } from "./made-from/sources.ts";
import { encodeReasons, REASONS_SECTION, type Reason } from "./reasons.ts";
import { encodeSymbolMap, SYMBOL_MAP_SECTION, type SymbolMap } from "./symbol-map.ts";
import { pointerRelocation } from "./targets.ts";

/** Names of function entries: for Xen's messages, and for its lookup if there is no address. */
export const STRINGS_SECTION = ".livepatch.strings";

/** The target of a pointer in a table; `undefined` is null. */
export type DraftPointer =
  | { readonly symbol: DraftSymbol; readonly addend: bigint }
  | { readonly address: bigint }
  | undefined;

/** One line of the function table; sizes in bytes. */
export interface FunctionRow {
  readonly label: string | undefined;
  readonly newAddress: DraftPointer;
  readonly oldAddress: DraftPointer;
  readonly newSize: number;
  readonly oldSize: number;
  readonly expectation: Uint8Array | undefined;
}

export interface FunctionTableOptions {
  readonly architecture: Architecture;
  readonly version: PayloadVersion;
  /** Some releases write into the table: wantsWritableFuncs() of xen-abi. */
  readonly access: "read-only" | "writable";
}

/** Adds the function table with its strings; nothing if there are no rows. */
export function addFunctionRows(
  draft: ElfDraft,
  rows: readonly FunctionRow[],
  { architecture, version, access }: FunctionTableOptions,
): void {
  if (rows.length === 0) return;
  const writer = new ByteWriter(rows.length * LIVEPATCH_FUNC_SIZE[version]);
  const pointers = new PointerWriter(architecture);
  const strings = new StringPool();
  for (const { label, newAddress, oldAddress, newSize, oldSize, expectation } of rows) {
    const start = writer.length;
    const pointer = (field: keyof typeof LIVEPATCH_FUNC_POINTERS, target: DraftPointer) =>
      pointers.at(start + LIVEPATCH_FUNC_POINTERS[field], target);
    writeLivepatchFunc(writer, {
      nameAddress: pointer("name", label === undefined ? undefined : strings.add(label)),
      newAddress: pointer("newAddress", newAddress),
      oldAddress: pointer("oldAddress", oldAddress),
      newSize,
      oldSize,
      version,
      reserved: zeroReserved(version),
      expectation: version === 2 ? makeExpectation(expectation) : undefined,
    });
  }
  strings.finish(draft);
  const writable = access === "writable" ? SectionFlag.SHF_WRITE : 0n;
  draft.sections.push({
    ...constantSection(FUNCS_SECTION, writer.toBytes(), LIVEPATCH_FUNC_ALIGNMENT),
    flags: SectionFlag.SHF_ALLOC | writable,
    relocations: pointers.relocations,
  });
}

export interface HookRow {
  readonly kind: HookKind;
  readonly target: DraftPointer;
}

/** One section of pointers for each kind, in the order in which Xen reads them. */
export function addHookRows(
  draft: ElfDraft,
  hooks: readonly HookRow[],
  architecture: Architecture,
): void {
  for (const kind of hookKinds) {
    const ofKind = hooks.filter((hook) => hook.kind === kind);
    if (ofKind.length === 0) continue;
    const pointers = new PointerWriter(architecture);
    const writer = new ByteWriter(ofKind.length * HOOK_POINTER_SIZE);
    for (const { target } of ofKind) writer.u64(pointers.at(writer.length, target));
    draft.sections.push({
      ...constantSection(hookRules[kind].section, writer.toBytes(), HOOK_POINTER_SIZE),
      relocations: pointers.relocations,
    });
  }
}

/** Not loaded by Xen; for tools that have the file. */
export function addSymbolMap(draft: ElfDraft, map: SymbolMap): void {
  draft.sections.push({
    ...constantSection(SYMBOL_MAP_SECTION, encodeSymbolMap(map), 1),
    flags: 0n,
  });
}

/** Not loaded by Xen either; nothing if there are no reasons. */
export function addReasons(draft: ElfDraft, reasons: readonly Reason[] | undefined): void {
  if (reasons === undefined) return;
  const content = encodeReasons(reasons);
  draft.sections.push({ ...constantSection(REASONS_SECTION, content, 1), flags: 0n });
}

/** Not loaded by Xen either. */
export function addOrigin(draft: ElfDraft, origin: PayloadOrigin | undefined): void {
  if (origin === undefined) return;
  const content = encodeOrigin(origin);
  draft.sections.push({ ...constantSection(ORIGIN_SECTION, content, 1), flags: 0n });
}

/** Nor this. */
export function addSources(draft: ElfDraft, sources: PayloadSources | undefined): void {
  if (sources === undefined || sources.files.length === 0) return;
  const content = encodeSources(sources);
  draft.sections.push({ ...constantSection(SOURCES_SECTION, content, 1), flags: 0n });
}

export type UndefinedSymbols = Map<string, DraftSymbol>;

export function undefinedSymbolsOf(draft: ElfDraft): UndefinedSymbols {
  const symbols = draft.symbols.filter(({ place }) => place === "undefined");
  return new Map(symbols.map((symbol) => [symbol.name, symbol]));
}

/** The undefined symbol of this name; an existing one is used again. */
export function requireUndefinedSymbol(
  draft: ElfDraft,
  known: UndefinedSymbols,
  name: string,
): DraftSymbol {
  const existing = known.get(name);
  if (existing !== undefined) return existing;
  const symbol = undefinedSymbol(name);
  known.set(name, symbol);
  draft.symbols.push(symbol);
  return symbol;
}

export function buildIdSection(name: string, id: Uint8Array): DraftSection {
  return { ...constantSection(name, encodeBuildIdNote(id), 4), type: "SHT_NOTE" };
}

/** Loaded, read-only, without relocations. */
export function constantSection(
  name: string,
  content: Uint8Array,
  alignment: number,
): DraftSection {
  return {
    name,
    type: "SHT_PROGBITS",
    flags: SectionFlag.SHF_ALLOC,
    alignment,
    entrySize: 0,
    content,
    relocations: [],
  };
}

/** Collects relocations, and returns the value for the field in the file itself. */
class PointerWriter {
  readonly relocations: DraftRelocation[] = [];
  readonly #type: number;

  constructor(architecture: Architecture) {
    this.#type = pointerRelocation[architecture];
  }

  at(offset: number, target: DraftPointer): bigint {
    if (target === undefined) return 0n;
    if ("address" in target) return target.address;
    this.relocations.push({ offset, type: this.#type, ...target });
    return 0n;
  }
}

/** Consecutive NUL-terminated strings, each only once. */
class StringPool {
  readonly #section = constantSection(STRINGS_SECTION, new Uint8Array(), 1);
  readonly #symbol = sectionSymbol(this.#section);
  readonly #writer = new ByteWriter();
  readonly #offsets = new Map<string, number>();

  add(text: string): DraftPointer {
    const known = this.#offsets.get(text);
    const offset = known ?? this.#writer.length;
    if (known === undefined) {
      this.#writer.bytes(new TextEncoder().encode(`${text}\0`));
      this.#offsets.set(text, offset);
    }
    return { symbol: this.#symbol, addend: BigInt(offset) };
  }

  finish(draft: ElfDraft): void {
    if (this.#writer.length === 0) return;
    this.#section.content = this.#writer.toBytes();
    draft.symbols.push(this.#symbol);
    draft.sections.push(this.#section);
  }
}
