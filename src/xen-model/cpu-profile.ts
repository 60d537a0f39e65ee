// What the caller knows of the host's CPU.

import type { NopFamily } from "./nops.ts";

/** All that is left out is unknown. */
export interface CpuProfile {
  readonly nops?: NopFamily;
  /** Indirect branch tracking is active. */
  readonly ibt?: "active" | "inactive";
}
