// References in code, as redirect.ts needs them told: what each architecture's finder has to say
// (redirect-x86.ts, redirect-aarch64.ts).

import type { DraftSection } from "../../elf/draft.ts";

/** A field of an instruction that denotes a place relative to the instruction. */
export interface CodeReference {
  /** Of the instruction, in the section. */
  readonly instructionOffset: number;
  /** Of the bytes that a relocation fills in. */
  readonly fieldOffset: number;
  /** What the field says without a relocation: an offset in the section. */
  readonly target: number;
  /** To be added to a relocation's symbol and addend to get the place that is denoted. */
  readonly bias: number;
  /** The relocation that would let the field reach Xen; `undefined` when none can. */
  readonly relocationType: number | undefined;
}

/** What an architecture has to say about references; one finder for each. */
export interface ReferenceFinder {
  /** All fields of code in `section`; `starts` are offsets at which instructions begin. */
  readonly referencesIn: (
    section: DraftSection,
    starts: readonly number[],
  ) => readonly CodeReference[];
  /**
   * What to add to symbol and addend to get the place that the relocation denotes; "code" when the
   * instruction around it must be known; `undefined` when nobody can say.
   */
  readonly biasOf: (type: number, inCode: boolean) => number | "code" | undefined;
  /** Whether a field of this type, filled in by Xen's loader, reaches Xen from a payload. */
  readonly reachesXen: (type: number) => boolean;
}
