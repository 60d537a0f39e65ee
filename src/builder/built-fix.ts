// The result of `xsplice build`: a payload, or every reason why there is none, and the results of each
// pass.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import type { PreparedPairs } from "../pairs/prepared-pairs.ts";
import type { Succession } from "../stacking/cumulative.ts";
import type { DecidedStacking } from "../stacking/decide.ts";
import type { Phase } from "../xen-make/timings.ts";
import type { Metadata } from "./build-options.ts";
import type { AllowedChange } from "./conclude/allowed.ts";
import type { Fit } from "./fit.ts";
import type { LinkedPayload } from "./link/link.ts";
import type { Target } from "./target.ts";

export interface BuiltFix {
  /**
   * `unchanged`: no code or data of the running hypervisor differs. `left-out`: every difference is one
   * that the author allowed to be left out.
   */
  readonly outcome: "built" | "refused" | "unchanged" | "left-out";
  /** When built. */
  readonly payload: LinkedPayload | undefined;
  /** Causes first. */
  readonly refusals: readonly BuildRefusal[];
  /** Refusals that the author's options allowed. */
  readonly allowed: readonly AllowedChange[];
  /** Lines of text. */
  readonly warnings: string;
  readonly findings: Findings;
}

/** Of the passes, in their order; shown in the report. */
export interface Findings {
  readonly prepared: PreparedPairs;
  readonly target: Target;
  readonly stacking: DecidedStacking;
  readonly objects: readonly ComparedObject[];
  readonly fit: Fit;
  readonly metadata: Metadata;
  /** Compared with the previous payload, if there is one and a new one was linked. */
  readonly succession: Succession | undefined;
  readonly phases: readonly Phase[];
}
