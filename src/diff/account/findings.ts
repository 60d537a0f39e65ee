// What the passes before the account have found: the comparison, what has to change, and what comes along.

import type { Comparison } from "../comparison.ts";
import type { Changes } from "../find-changes.ts";
import type { Inclusion } from "../include.ts";

export interface Findings {
  readonly comparison: Comparison;
  readonly changes: Changes;
  readonly inclusion: Inclusion;
}
