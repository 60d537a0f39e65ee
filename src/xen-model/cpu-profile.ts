// The known properties of the host's CPU.

import type { NopFamily } from "./nops.ts";

/** Properties that are left out are unknown. */
export interface CpuProfile {
  readonly nops?: NopFamily;
  /** Indirect branch tracking is active. */
  readonly ibt?: "active" | "inactive";
}
