// One line of a payload's function table before it becomes bytes: what Xen replaces, blanks or only
// compares. The emitter makes the lines from replacements, guards, the marker and its covers (emit.ts).

import type { DraftSymbol } from "../../elf/draft.ts";

/** With symbols of the draft. */
export interface TableEntry {
  readonly label: string;
  readonly oldFunction: DraftSymbol;
  readonly oldOffset: number;
  readonly oldSizeBytes: number;
  /** The new body, or the number of bytes to blank: none for a guard. */
  readonly becomes: DraftSymbol | number;
  readonly expectation: Uint8Array | undefined;
}
