// The marker of the payload under construction (marker.ts): its bytes, the table entry that blanks it,
// and its lines in the symbol map.

import { toHex } from "../../bytes/hex.ts";
import { SectionFlag } from "../../elf/constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { ENDBR64_SIZE } from "../../isa/endbr64.ts";
import { MARKER_ID_SIZE, MARKER_IDLE, MARKER_NAME, MARKER_SIZE, type Marker } from "../marker.ts";
import type { SymbolMapEntry } from "../symbol-map.ts";
import type { TableEntry } from "./table-entry.ts";

/** Xen looks for an ENDBR64 at each place that it patches, so it reads the bytes after the last cover. */
const PADDING_SIZE = ENDBR64_SIZE - 1;

/** A marker in the draft of its payload. */
export interface CarriedMarker {
  readonly symbol: DraftSymbol;
  readonly id: Uint8Array;
  /** In the order of their covers. */
  readonly covered: readonly DraftSymbol[];
}

/**
 * @param hash of all inputs of the payload, at least MARKER_ID_SIZE bytes
 * @param covered functions of Xen that it replaces, and functions that it adds, by their symbols in the
 * draft
 */
export function addMarker(
  draft: ElfDraft,
  hash: Uint8Array,
  covered: readonly DraftSymbol[],
): CarriedMarker {
  const id = hash.slice(0, MARKER_ID_SIZE);
  const coversSize = covered.length === 0 ? 0 : covered.length + PADDING_SIZE;
  const section: DraftSection = {
    // Code, because Xen makes nothing else writable while it patches (ABI reference §5.3).
    name: ".text.xsplice.marker",
    type: "SHT_PROGBITS",
    flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR,
    alignment: 1,
    entrySize: 0,
    content: Uint8Array.of(
      ...[MARKER_IDLE, ...id],
      ...new Uint8Array(coversSize).fill(MARKER_IDLE),
    ),
    relocations: [],
  };
  const symbol: DraftSymbol = {
    name: MARKER_NAME,
    value: 0n,
    size: BigInt(MARKER_SIZE),
    binding: "STB_LOCAL",
    type: "STT_NOTYPE",
    visibility: "STV_DEFAULT",
    place: section,
  };
  draft.sections.push(section);
  draft.symbols.push(symbol);
  return { symbol, id, covered };
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

/** Called when all symbols have their final names, by which later payloads replace them. */
export function finishedMarker({ symbol, id, covered }: CarriedMarker): Marker {
  const covers = new Map(covered.map(({ name }, index) => [name, MARKER_SIZE + index]));
  return { symbol: symbol.name, id, covers };
}

export function markerEntries(marker: CarriedMarker): readonly SymbolMapEntry[] {
  const { symbol: exportedName, id, covers } = finishedMarker(marker);
  return [
    {
      sourceName: toHex(id),
      exportedName,
      exportedOffset: 0,
      kind: "marker",
      sizeBytes: MARKER_SIZE,
    },
    ...[...covers].map(
      ([sourceName, exportedOffset]): SymbolMapEntry => ({
        sourceName,
        exportedName,
        exportedOffset,
        kind: "cover",
        sizeBytes: 1,
      }),
    ),
  ];
}
