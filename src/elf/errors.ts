// What can be wrong with an ELF file, as separate kinds: truncated, inconsistent (malformed), valid but
// not supported by xSplice (unsupported), or without the requested item (missing).

import { hexNumber } from "../bytes/hex.ts";
import { XspliceError } from "../error.ts";

export type ElfErrorCode = "elf/truncated" | "elf/malformed" | "elf/unsupported" | "elf/missing";

export class ElfError extends XspliceError<ElfErrorCode> {}

/** A location in a file, as far as it is known. */
export interface ElfPlace {
  /** The name of the file in messages. */
  readonly source: string;
  readonly section?: { readonly index: number; readonly name: string };
  /** Offset from the start of the file, in bytes. */
  readonly offset?: number;
}

export function describePlace(place: ElfPlace): string {
  const parts = [place.source];
  if (place.section !== undefined) parts.push(sectionLabel(place.section));
  if (place.offset !== undefined) parts.push(`offset ${hexNumber(place.offset)}`);
  return parts.join(", ");
}

/** `section 7 ".text"`; only the number where the name is not known (yet). */
export function sectionLabel(section: { readonly index: number; readonly name: string }): string {
  return section.name === ""
    ? `section ${section.index}`
    : `section ${section.index} "${section.name}"`;
}

export function malformed(place: ElfPlace, problem: string, expected: string): ElfError {
  return new ElfError({ code: "elf/malformed", problem, where: describePlace(place), expected });
}

export function truncated(place: ElfPlace, problem: string, expected: string): ElfError {
  return new ElfError({ code: "elf/truncated", problem, where: describePlace(place), expected });
}

export function unsupported(
  place: ElfPlace,
  problem: string,
  help: { readonly expected?: string; readonly remedy?: string },
): ElfError {
  return new ElfError({ code: "elf/unsupported", problem, where: describePlace(place), ...help });
}
