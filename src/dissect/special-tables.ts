// The tables that Xen processes besides the livepatch tables, entry by entry, places by name: ABI
// reference §1.8. A place is a distance from a field, which a relocation fills in.

import { ByteReader } from "../bytes/byte-reader.ts";
import { contentsOf, findSection } from "../elf/sections.ts";
import type { Architecture } from "../isa/architecture.ts";
import {
  ALT_CALL_SITE_SIZE,
  ALTERNATIVE_SIZE,
  type AlternativeLayout,
  alternativeLayoutOf,
  readAlternative,
} from "../xen-abi/alternatives.ts";
import { type BugFrameType, bugFrameTypes, bugFrameTypesOf } from "../xen-abi/bug-frame.ts";
import { EXCEPTION_ENTRY_SIZE } from "../xen-abi/exception-table.ts";
import { hasFeature } from "../xen-abi/features.ts";
import type { PayloadVersion, Release } from "../xen-abi/release.ts";
import {
  ALT_CALL_SITES_SECTION,
  ALTERNATIVES_SECTION,
  BUG_FRAME_SECTIONS,
  EXCEPTION_TABLE_SECTION,
} from "../xen-abi/sections.ts";
import { decodeBugFrames } from "./bug-frames.ts";
import type { PayloadPlaces } from "./payload-places.ts";
import type { SpecialEntry } from "./special-entry.ts";
import { eachEntry, nameOfField, type TableReader } from "./table-field.ts";

export interface DecodedTable {
  readonly section: string;
  readonly entries: readonly SpecialEntry[];
  /** Bytes after the last whole entry; 0 in a valid table. */
  readonly bytesLeft: number;
}

/** Decides the layout of entries. Without a release, the payload's version is used. */
export interface TableFacts {
  readonly architecture: Architecture;
  readonly version: PayloadVersion | undefined;
  readonly release: Release | undefined;
}

/** Those that the payload has, in the order of Xen's loader. */
export function decodeSpecialTables(
  places: PayloadPlaces,
  facts: TableFacts,
): readonly DecodedTable[] {
  const decoders: readonly (readonly [string, Decode])[] = [
    ...BUG_FRAME_SECTIONS.map((name, index): readonly [string, Decode] => [
      name,
      (table) => decodeBugFrames(table, facts.architecture, bugTypeOf(facts, index)),
    ]),
    [ALTERNATIVES_SECTION, (table) => decodeAlternatives(table, facts)],
    [ALT_CALL_SITES_SECTION, decodeCallSites],
    [EXCEPTION_TABLE_SECTION, decodeExceptions],
  ];
  return decoders.flatMap(([name, decode]) => {
    const section = findSection(places.object, name);
    if (section === undefined) return [];
    const bytes = contentsOf(places.object, section);
    const reader = new ByteReader(bytes, places.object.source);
    const entries = decode({ places, section, reader });
    return [{ section: name, entries, bytesLeft: reader.remaining }];
  });
}

type Decode = (table: TableReader) => readonly SpecialEntry[];

function bugTypeOf({ release, architecture, version }: TableFacts, index: number): BugFrameType {
  // Without a release only version 1 tells something: all of its Arm releases have the old numbers.
  const guess: Release = { major: 4, minor: version === 1 ? 13 : 15, point: 0 };
  const types = bugFrameTypesOf(release ?? guess, architecture);
  return types[index] ?? bugFrameTypes[index] ?? "bug";
}

function decodeAlternatives(table: TableReader, facts: TableFacts): readonly SpecialEntry[] {
  const layout = layoutOf(table.reader.length, facts);
  const invertible = facts.release === undefined || hasFeature(facts.release, "alt-call-sites");
  return eachEntry(table, ALTERNATIVE_SIZE[layout], (start) => {
    const found = readAlternative(table.reader, layout);
    const isInverted = invertible && facts.architecture === "x86_64" && found.feature >= 0x8000;
    return {
      kind: "alternative",
      place: nameOfField(table, start),
      replacement: nameOfField(table, start + 4),
      feature: isInverted ? found.feature & 0x7fff : found.feature,
      appliesWhen: isInverted ? "absent" : "present",
      originalSize: found.originalSize,
      replacementSize: found.replacementSize,
      paddingSize: found.paddingSize,
    };
  });
}

/** Payloads of version 1 are for either layout of x86: the one that divides the table is it. */
function layoutOf(size: number, { architecture, release, version }: TableFacts): AlternativeLayout {
  if (release !== undefined) return alternativeLayoutOf(release, architecture);
  if (architecture !== "x86_64") return "plain";
  const isPlain = version === 1 && size % ALTERNATIVE_SIZE.padded !== 0;
  return isPlain ? "plain" : "padded";
}

const decodeCallSites: Decode = (table) =>
  eachEntry(table, ALT_CALL_SITE_SIZE, (start) => ({
    kind: "call-site",
    place: nameOfField(table, start),
  }));

const decodeExceptions: Decode = (table) =>
  eachEntry(table, EXCEPTION_ENTRY_SIZE, (start) => ({
    kind: "exception",
    place: nameOfField(table, start),
    continuesAt: nameOfField(table, start + 4),
  }));
