// One line of a payload's function table before it becomes bytes: what Xen replaces, blanks or only
// compares. The emitter makes them of replacements, guards, the marker and its covers (emit.ts).

import type { DraftSymbol } from "../../elf/draft.ts";

/** With symbols of the draft. */
export interface TableEntry {
  readonly label: string;
  readonly oldFunction: DraftSymbol;
  readonly oldOffset: number;
  readonly oldSizeBytes: number;
  /** The body that takes over, or how many bytes to blank: none for a guard. */
  readonly becomes: DraftSymbol | number;
  readonly expectation: Uint8Array | undefined;
}
