// The applied-marker: 31 bytes of code that nobody runs, by which one payload can ask Xen whether
// another one, with exactly this content, is applied now. It begins with int3; the payload's own
// entry for it says "blank 1 byte", so while the payload is applied a NOP stands there, and revert
// puts the int3 back. Behind it are 30 bytes that are different for each content. So one expectation
// of another payload, NOP and those 30 bytes, says both. x86 only: Arm patches nothing outside of
// the Xen image (ABI reference §5.4). Which releases stand it: mayCarryMarker() of xen-abi.

import { parseHex, toHex } from "../bytes/hex.ts";
import { SectionFlag, SectionType, SymbolBinding, SymbolType } from "../elf/constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import type { Architecture } from "../xen-abi/architecture.ts";
import { mayCarryMarker } from "../xen-abi/features.ts";
import type { Release } from "../xen-abi/release.ts";
import type { GuardBytes, RequiredPayload, Stacking } from "./emit-input.ts";
import type { TableEntry } from "./emit-tables.ts";
import type { SymbolMap, SymbolMapEntry } from "./symbol-map.ts";

/** In bytes; with the byte in front of it, as much as an expectation holds. */
export const MARKER_ID_SIZE = 30;
export const MARKER_SIZE = 1 + MARKER_ID_SIZE;
/** int3: what the file has, and memory while the payload is not applied. */
export const MARKER_IDLE = 0xcc;
/** The NOP of one byte, the same in both of Xen's families of NOPs (ABI reference §5.2). */
export const MARKER_APPLIED = 0x90;

export interface Marker {
  /** As the payload that carries it exports it. */
  readonly symbol: string;
  /** MARKER_ID_SIZE bytes. */
  readonly id: Uint8Array;
}

/** Whether a payload for this release gets one; none where nobody knows the release. */
export function markerFor(
  release: Release | undefined,
  architecture: Architecture,
): Stacking["marker"] {
  return release !== undefined && mayCarryMarker(release, architecture) ? "carried" : "none";
}

/** The marker of a payload, from its symbol map; `undefined` when it has none. */
export function markerOf(map: SymbolMap): Marker | undefined {
  const entry = map.find(({ kind, sizeBytes, sourceName }) => {
    return kind === "marker" && sizeBytes === MARKER_SIZE && ID_TEXT.test(sourceName);
  });
  return entry && { symbol: entry.exportedName, id: parseHex(entry.sourceName) };
}

const ID_TEXT = new RegExp(`^[0-9a-f]{${MARKER_ID_SIZE * 2}}$`);

/** Xen compares this where the other payload has its marker: applied, and of this content. */
export function guardsOfRequired({ buildId, marker }: RequiredPayload): readonly GuardBytes[] {
  if (marker === undefined) return [];
  const label = `payload ${buildId}, applied`;
  const bytes = Uint8Array.of(MARKER_APPLIED, ...marker.id);
  return [{ label, oldName: marker.symbol, oldOffset: 0, bytes }];
}

/** A marker in the draft of the payload that carries it. */
export interface CarriedMarker {
  readonly symbol: DraftSymbol;
  readonly id: Uint8Array;
}

/** @param hash of all that the payload is made of, MARKER_ID_SIZE bytes at least */
export function addMarker(draft: ElfDraft, hash: Uint8Array): CarriedMarker {
  const id = hash.slice(0, MARKER_ID_SIZE);
  const section: DraftSection = {
    // Code, since Xen makes nothing else writable while it patches (ABI reference §5.3).
    name: ".text.xsplice.marker",
    type: SectionType.SHT_PROGBITS,
    flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR,
    alignment: 1,
    entrySize: 0,
    content: Uint8Array.of(MARKER_IDLE, ...id),
    relocations: [],
  };
  const symbol: DraftSymbol = {
    name: "xsplice.marker",
    value: 0n,
    size: BigInt(MARKER_SIZE),
    binding: SymbolBinding.STB_LOCAL,
    type: SymbolType.STT_NOTYPE,
    visibility: 0,
    place: section,
  };
  draft.sections.push(section);
  draft.symbols.push(symbol);
  return { symbol, id };
}

/** Blanks the int3 while the payload is applied. */
export function markerTableEntry({ symbol }: CarriedMarker): TableEntry {
  return {
    label: symbol.name,
    oldFunction: symbol,
    oldOffset: 0,
    oldSizeBytes: MARKER_SIZE,
    becomes: 1,
    expectation: Uint8Array.of(MARKER_IDLE),
  };
}

/** When its symbol has got its last name. */
export function finishedMarker({ symbol, id }: CarriedMarker): Marker {
  return { symbol: symbol.name, id };
}

export function markerEntry({ symbol, id }: CarriedMarker): SymbolMapEntry {
  return {
    sourceName: toHex(id),
    exportedName: symbol.name,
    exportedOffset: 0,
    kind: "marker",
    sizeBytes: MARKER_SIZE,
  };
}
