// References in code, as redirect.ts needs them; one finder per architecture (redirect-x86.ts,
// redirect-aarch64.ts).

import type { DraftSection } from "../../elf/draft.ts";

/** A field of an instruction that refers to a place relative to the instruction. */
export interface CodeReference {
  /** Of the instruction, in the section. */
  readonly instructionOffset: number;
  /** Of the bytes that a relocation fills in. */
  readonly fieldOffset: number;
  /** The value without a relocation: an offset in the section. */
  readonly target: number;
  /** Added to a relocation's symbol and addend, this gives the place that is referred to. */
  readonly bias: number;
  /** The relocation with which the field reaches Xen; `undefined` when there is none. */
  readonly relocationType: number | undefined;
}

/** The architecture-specific part of finding references. */
export interface ReferenceFinder {
  /** All fields of code in `section`; `starts` are offsets at which instructions begin. */
  readonly referencesIn: (
    section: DraftSection,
    starts: readonly number[],
  ) => readonly CodeReference[];
  /**
   * The value to add to symbol and addend to get the place of the relocation; "code" when the
   * surrounding instruction must be known; `undefined` when it cannot be known.
   */
  readonly biasOf: (type: number, inCode: boolean) => number | "code" | undefined;
  /** Whether a field of this type, filled in by Xen's loader, reaches Xen from a payload. */
  readonly reachesXen: (type: number) => boolean;
}
