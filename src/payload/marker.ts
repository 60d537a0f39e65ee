// The applied-marker: 31 bytes of code that nobody runs, by which one payload can ask Xen whether
// another one, with exactly this content, is applied now. It begins with int3; the payload's own
// entry for it says "blank 1 byte", so while the payload is applied a NOP stands there, and revert
// puts the int3 back. Behind it are 30 bytes that are different for each content. So one expectation
// of another payload, NOP and those 30 bytes, says both. x86 only: Arm patches nothing outside of
// the Xen image (ABI reference §5.4). Which releases stand it: mayCarryMarker() of xen-abi.
//
// Behind them is a cover for each function that the payload replaces or brings: one more int3, which a
// payload that was built on top of this one, and replaces the same function, expects and blanks. At the
// function's entry two of those cannot tell each other's jump from the one that they expect, so without
// the cover Xen would apply both, and the first one's fix be out of force.

import { parseHex, toHex } from "../bytes/hex.ts";
import { SectionFlag, SectionType, SymbolBinding, SymbolType } from "../elf/constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import type { Architecture } from "../isa/architecture.ts";
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
/** At each place that it patches Xen looks for an ENDBR64, 4 bytes, so those behind the last cover are read. */
const PADDING_SIZE = 3;
const MARKER_NAME = "xsplice.marker";

export interface Marker {
  /** As the payload that carries it exports it. */
  readonly symbol: string;
  /** MARKER_ID_SIZE bytes. */
  readonly id: Uint8Array;
  /** Where a function's cover is, by the name that a later payload replaces it by; bytes from `symbol` on. */
  readonly covers: ReadonlyMap<string, number>;
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
  if (entry === undefined) return undefined;
  const { exportedName: symbol } = entry;
  const covers = map.filter(
    ({ kind, exportedName }) => kind === "cover" && exportedName === symbol,
  );
  return {
    symbol,
    id: parseHex(entry.sourceName),
    covers: new Map(covers.map(({ sourceName, exportedOffset }) => [sourceName, exportedOffset])),
  };
}

/** Whether a symbol that some payload exports is that of a marker, covers included. */
export function isMarkerSymbol(name: string): boolean {
  return name.startsWith(`${MARKER_NAME}.`);
}

const ID_TEXT = new RegExp(`^[0-9a-f]{${MARKER_ID_SIZE * 2}}$`);

/** Xen compares this where the other payload has its marker: applied, and of this content. */
export function guardsOfRequired({ buildId, marker }: RequiredPayload): readonly GuardBytes[] {
  if (marker === undefined) return [];
  const label = `payload ${buildId}, applied`;
  const bytes = Uint8Array.of(MARKER_APPLIED, ...marker.id);
  return [{ label, oldName: marker.symbol, oldOffset: 0, bytes }];
}

/** The cover that a payload needs for itself: on top of whom it replaces which function. */
export interface NeededCover {
  readonly label: string;
  readonly markerSymbol: string;
  /** In bytes. */
  readonly offset: number;
}

/**
 * Of the uppermost payload that replaces the function, among those that Xen itself finds applied; where
 * a chain of build-ids leads to it, nothing gets between.
 * @param replaced names of functions in Xen
 */
export function neededCovers(
  replaced: readonly string[],
  requires: readonly RequiredPayload[],
): readonly NeededCover[] {
  return replaced.flatMap((functionName): NeededCover[] => {
    const below = requires.findLast(({ marker }) => marker?.covers.has(functionName));
    const offset = below?.marker?.covers.get(functionName);
    if (below?.marker === undefined || offset === undefined) return [];
    const label = coverLabel(below.buildId, functionName);
    return [{ label, markerSymbol: below.marker.symbol, offset }];
  });
}

/** Blanks the cover while the payload is applied, and wants it not to be blank before. */
export function coverTableEntry(label: string, marker: DraftSymbol, offset: number): TableEntry {
  return {
    label,
    oldFunction: marker,
    oldOffset: offset,
    oldSizeBytes: 1,
    becomes: 1,
    expectation: Uint8Array.of(MARKER_IDLE),
  };
}

/** What Xen prints of a cover that is blank already. */
function coverLabel(buildId: string, functionName: string): string {
  return `payload ${buildId}, uncovered ${functionName}`;
}

/** Of the label of a cover: on top of which payload, and of which function there. */
export function readCoverLabel(
  label: string,
): { readonly buildId: string; readonly functionName: string } | undefined {
  const [, buildId, functionName] = /^payload ([0-9a-f]+), uncovered (.+)$/.exec(label) ?? [];
  return buildId === undefined || functionName === undefined
    ? undefined
    : { buildId, functionName };
}

/** A marker in the draft of the payload that carries it. */
export interface CarriedMarker {
  readonly symbol: DraftSymbol;
  readonly id: Uint8Array;
  /** In the order of their covers. */
  readonly covered: readonly DraftSymbol[];
}

/**
 * @param hash of all that the payload is made of, MARKER_ID_SIZE bytes at least
 * @param covered functions of Xen that it replaces, and those that it brings, by their symbols in the draft
 */
export function addMarker(
  draft: ElfDraft,
  hash: Uint8Array,
  covered: readonly DraftSymbol[],
): CarriedMarker {
  const id = hash.slice(0, MARKER_ID_SIZE);
  const coversSize = covered.length === 0 ? 0 : covered.length + PADDING_SIZE;
  const section: DraftSection = {
    // Code, since Xen makes nothing else writable while it patches (ABI reference §5.3).
    name: ".text.xsplice.marker",
    type: SectionType.SHT_PROGBITS,
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
    binding: SymbolBinding.STB_LOCAL,
    type: SymbolType.STT_NOTYPE,
    visibility: 0,
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

/** When all symbols have got their last names, by which later payloads replace what they stand for. */
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
