// The contents of a payload for people: its code as instructions, its special tables entry by entry.
// Reads everything that inspectPayload() can read; problems of the file are in that one's findings.

import { type AlignedRow, alignListings } from "../diff/align-listings.ts";
import type { ListedInstruction } from "../diff/listing.ts";
import { readElf } from "../elf/read.ts";
import type { PayloadContents } from "../payload/payload.ts";
import type { Release } from "../xen-abi/release.ts";
import { type CodePiece, findCode, piecesNamed } from "./find-code.ts";
import { listCode } from "./list-code.ts";
import { PayloadPlaces } from "./payload-places.ts";
import { listRunning, type RunningCode } from "./running-code.ts";
import { type DecodedTable, decodeSpecialTables } from "./special-tables.ts";

export interface DissectOptions {
  /** Of the hypervisor that the payload is for; decides the layout of tables. */
  readonly release: Release | undefined;
  /** Which functions are listed. */
  readonly code: "none" | "all" | { readonly named: string };
  /** The hypervisor, to show the replaced code. */
  readonly running: RunningCode | undefined;
}

export interface Dissection {
  readonly tables: readonly DecodedTable[];
  readonly code: readonly ListedCode[];
  /** Every function of the payload, listed or not. */
  readonly functionNames: readonly string[];
}

export interface ListedCode {
  /** As spelt in Xen's table if it replaces a function of Xen; else its own name, without the tag. */
  readonly name: string;
  readonly role: CodePiece["role"];
  readonly section: string;
  /** Offset into the section, in bytes. */
  readonly start: number;
  readonly size: number;
  readonly instructions: readonly ListedInstruction[];
  /** Side by side with the replaced code; `undefined` without a hypervisor, or if it has no such function. */
  readonly beside: readonly AlignedRow[] | undefined;
  /** Why the replaced code is not shown where it should be. */
  readonly alone: string | undefined;
}

/**
 * The most code that is listed, in bytes: the size limit of Xen's loader. Only a payload with
 * overlapping functions has more.
 */
const LISTED_BYTES_MAX = 2 * 1024 * 1024;

/** The result of inspectPayload(). */
const toldAlready = () => {};

/** @throws ElfError when the bytes are not an ELF file; inspectPayload() throws it before */
export function dissectPayload(
  bytes: Uint8Array,
  contents: PayloadContents,
  { release, code, running }: DissectOptions,
): Dissection {
  const places = new PayloadPlaces(readElf(bytes, contents.source, { onDamage: toldAlready }));
  const { architecture, version } = contents;
  const pieces = findCode(contents, places);
  return {
    tables: decodeSpecialTables(places, { architecture, version, release }),
    code: atMost(chosenPieces(pieces, code)).map((piece) => listPiece(piece, places, running)),
    functionNames: [...new Set(pieces.map(({ name }) => name))],
  };
}

function chosenPieces(
  pieces: readonly CodePiece[],
  code: DissectOptions["code"],
): readonly CodePiece[] {
  if (code === "none") return [];
  return code === "all" ? pieces : piecesNamed(pieces, code.named);
}

function atMost(pieces: readonly CodePiece[]): readonly CodePiece[] {
  let left = LISTED_BYTES_MAX;
  return pieces.filter(({ size, section }) => {
    left -= Math.min(size, section.size);
    return left >= 0;
  });
}

function listPiece(
  piece: CodePiece,
  places: PayloadPlaces,
  running: RunningCode | undefined,
): ListedCode {
  const { name, role, section, start, size } = piece;
  const instructions = listCode(places, piece);
  const common = { name, role, section: section.name, start, size, instructions };
  if (running === undefined || role !== "replacement") {
    return { ...common, beside: undefined, alone: undefined };
  }
  const old = listRunning(running, name);
  return old.kind === "missing"
    ? { ...common, beside: undefined, alone: old.reason }
    : { ...common, beside: alignListings(old.instructions, instructions), alone: undefined };
}
