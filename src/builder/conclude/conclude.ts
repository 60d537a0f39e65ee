// Decides, after all passes, whether there is a payload, and collects the warnings for its author.

import { causesFirst } from "../../build-outcome/causes-first.ts";
import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import { warningsOfInit } from "../../compare/compare.ts";
import type { AllowedNames } from "../build-options.ts";
import type { BuiltFix, Findings } from "../built-fix.ts";
import type { LinkResult } from "../link.ts";
import { allowedChanges } from "./allowed.ts";
import { warnOfBringUp, warnOfMovedHunks, warnOfUnusedPermissions } from "./warnings.ts";

export interface Judged {
  /** Before anything was linked. */
  readonly refused: readonly BuildRefusal[];
  /** Undefined when something was refused, or nothing needs a patch. */
  readonly linked: LinkResult | undefined;
  readonly allowed: AllowedNames;
}

export function conclude({ refused, linked, allowed }: Judged, findings: Findings): BuiltFix {
  const { prepared, target, objects, fit, succession } = findings;
  const refusals = causesFirst([
    ...refused,
    ...(linked?.kind === "refused" ? linked.refusals : []),
    ...(succession?.refusals ?? []),
  ]);
  const checks = `${warnOfMovedHunks(prepared.account)}${warnOfBringUp(objects, target)}`;
  const passed = allowedChanges(objects, fit.layouts);
  const common = { payload: undefined, refusals, allowed: passed, findings };
  if (refusals.length > 0) {
    return { ...common, outcome: "refused", warnings: checks };
  }
  const unused = warnOfUnusedPermissions(allowed, { objects, layouts: fit.layouts, succession });
  const warnings = `${checks}${unused}`;
  if (linked?.kind !== "linked") {
    return { ...common, outcome: passed.length > 0 ? "left-out" : "unchanged", warnings };
  }
  return {
    ...common,
    outcome: "built",
    payload: linked.payload,
    warnings: [warnings, warningsOfInit(objects), linked.warnings].join(""),
  };
}
