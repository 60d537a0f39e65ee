// A type or variable whose memory layout differs between the two sides of one object.

import type { Allocation } from "./allocations.ts";
import type { Hole, Member } from "./holes.ts";
import type { Reach } from "./reach.ts";

export interface LayoutChange {
  readonly type: string;
  readonly object: string;
  readonly changes: readonly PartChange[];
  /** As far as it takes to know. */
  readonly reaches: readonly Reach[];
  /** For a structure with new members. */
  readonly added?: AddedMembers | undefined;
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

/** New members of a structure. */
export interface AddedMembers {
  readonly members: readonly Member[];
  /** Of the running structure. */
  readonly holes: readonly Hole[];
  /** Each of them is in one, and nothing else changes. */
  readonly areInHoles: boolean;
  /** In this object. None are looked for unless they are in holes. */
  readonly allocations: readonly Allocation[];
}

/** For new members: whether they lie in holes of the running structure, or all of them would fit into some. */
export interface LayoutRoom {
  readonly kind: "in-holes" | "fits" | "too-small";
  /** Which holes, and what objects that exist already hold in them: sentences. */
  readonly told: readonly string[];
  /** All new ones, where the fixed source has them. */
  readonly members: readonly { readonly offset: number; readonly size: number }[];
}
