// A type or variable whose memory layout differs between the two sides of one object.

import type { Reach } from "./reach.ts";

export interface LayoutChange {
  readonly type: string;
  readonly object: string;
  readonly changes: readonly PartChange[];
  /** As far as it takes to know. */
  readonly reaches: readonly Reach[];
}

export interface PartChange {
  /** The member or enumerator; undefined for the size. */
  readonly part: string | undefined;
  readonly text: string;
  readonly kind:
    | "own"
    /** Only another place, or another total size: a consequence of other changes. */
    | "moved"
    /** Only the C name: memory is the same (representation.ts). */
    | "same-representation";
}
