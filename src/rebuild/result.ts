// What came of building a payload again.

import type { ComparedInput } from "./compare-inputs.ts";
import type { Difference } from "./first-difference.ts";

export interface Rebuilt {
  readonly payload: string;
  readonly outcome: "same" | "differs" | "refused";
  readonly sha256: string;
  /** Of what was built here, where something was. */
  readonly rebuilt: { readonly sha256: string; readonly sizeBytes: number } | undefined;
  readonly inputs: readonly ComparedInput[];
  readonly difference: Difference | undefined;
  /** Why there is no payload to compare with. */
  readonly because: readonly string[];
}
