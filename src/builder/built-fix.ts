// What comes of `xsplice build`: a payload, or every reason why there is none.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import type { GuardPlan } from "../guard/plan.ts";
import type { PreparedPairs } from "../pairs/prepare-pairs.ts";
import type { EmittedPayload } from "../payload/emit/emit.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import type { Succession } from "../stacking/cumulative.ts";
import type { DecidedStacking } from "../stacking/decide.ts";
import type { Release } from "../xen-abi/release.ts";
import type { Phase } from "../xen-make/timings.ts";
import type { Fit } from "./fit.ts";
import type { LinkResult } from "./link.ts";
import type { Metadata } from "./metadata.ts";

export interface BuiltFix {
  /** `unchanged`: nothing that the hypervisor runs differs. */
  readonly outcome: "built" | "refused" | "unchanged";
  /** When built. */
  readonly payload: EmittedPayload | undefined;
  readonly functions: Extract<LinkResult, { kind: "linked" }>["functions"];
  /** The old code that the payload carries, and which of it nobody can tell; none unless built. */
  readonly guards: GuardPlan;
  readonly refusals: readonly BuildRefusal[];
  /** Lines of text. */
  readonly warnings: string;
  readonly objects: readonly ComparedObject[];
  readonly prepared: PreparedPairs;
  readonly fit: Fit;
  readonly release: Release;
  readonly xen: XenSyms;
  readonly metadata: Metadata;
  readonly decided: DecidedStacking;
  /** Against the previous payload, if there is one. */
  readonly succession: Succession | undefined;
  readonly phases: readonly Phase[];
}
