// Decides, after all passes, whether there is a payload, and collects the warnings for its author.

import { causesFirst } from "../../build-outcome/causes-first.ts";
import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import { warningsOfInit } from "../../compare/compare.ts";
import type { AllowedNames } from "../build-options.ts";
import type { BuiltFix, Findings } from "../built-fix.ts";
import { partsOfRefusals } from "../draft/parts.ts";
import type { LinkResult } from "../link/link.ts";
import { allowedChanges } from "./allowed.ts";
import {
  warnOfBringUp,
  warnOfHoles,
  warnOfMovedHunks,
  warnOfNoSandbox,
  warnOfUnusedPermissions,
} from "./warnings.ts";

export interface Judged {
  /** Before anything was linked. */
  readonly refused: readonly BuildRefusal[];
  /** Undefined when something was refused, or nothing needs a patch. */
  readonly linked: LinkResult | undefined;
  readonly allowed: AllowedNames;
  /** One line each. */
  readonly hookWarnings: string;
}

export function conclude(
  { refused, linked, allowed, hookWarnings }: Judged,
  findings: Findings,
): BuiltFix {
  const { prepared, target, objects, fit, succession } = findings;
  const refusals = causesFirst([
    ...refused,
    ...(linked?.kind === "refused" ? linked.refusals : []),
    ...(succession?.refusals ?? []),
  ]);
  const checks = [
    warnOfNoSandbox(prepared.source.sandbox),
    warnOfMovedHunks(prepared.account),
    warnOfBringUp(objects, target),
    hookWarnings,
  ].join("");
  const passed = allowedChanges(objects, fit.layouts);
  const common = { payload: undefined, refusals, allowed: passed, findings };
  if (refusals.length > 0) {
    const told = withDrafts(refusals, findings);
    return { ...common, refusals: told, outcome: "refused", warnings: checks };
  }
  const unused = warnOfUnusedPermissions(allowed, { objects, layouts: fit.layouts, succession });
  const warnings = `${checks}${unused}${warnOfHoles(fit.layouts, findings.stacking.stacking.mode)}`;
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

/** A refusal that a draft of hooks helps with says so. */
function withDrafts(
  refusals: readonly BuildRefusal[],
  { objects, fit }: Findings,
): readonly BuildRefusal[] {
  const drafted = new Set(partsOfRefusals(objects, fit.layouts).map(({ of }) => of));
  return refusals.map((refusal) => {
    const { rule, what, remedy, causes = [] } = refusal;
    if (causes.length > 0 || !drafted.has(`${rule}: ${what}`)) return refusal;
    const draft = "build --draft-hooks FILE.c writes a draft with what is known";
    return { ...refusal, remedy: remedy === undefined ? draft : `${remedy}; ${draft}` };
  });
}
