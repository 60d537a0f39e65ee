// What is known before objects are compared, and what is refused before one looks at them.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { CompareOptions } from "../compare/compare.ts";
import { xenSectionPolicy } from "../diff/xen-policy.ts";
import type { PatchAccount } from "../pairs/prepared-pairs.ts";
import type { HookKind } from "../xen-abi/hooks.ts";
import { unsafeFunctions } from "../xen-abi/unpatchable.ts";
import type { AllowedNames } from "./build-options.ts";
import type { Target } from "./target.ts";

export function whatIsKnown(
  { xen: { architecture }, release }: Target,
  { init, freshData }: AllowedNames,
  hooks: readonly HookKind[],
): CompareOptions {
  const unsafe = unsafeFunctions(architecture, release);
  return {
    policy: xenSectionPolicy(release, architecture, unsafe),
    allowedInit: new Set(init),
    initChanges: hooks.length > 0 ? "left-to-hooks" : "refused",
    allowedLost: new Set(freshData),
  };
}

export function refusalsOfFiles({ ledger }: Pick<PatchAccount, "ledger">): readonly BuildRefusal[] {
  return ledger.flatMap(({ patch, file, outcome, hunks }) =>
    outcome.kind !== "refused"
      ? []
      : {
          rule: "file",
          what: file,
          where: [patch, ...hunks].join(" "),
          reasons: [outcome.reason],
          remedy: outcome.remedy,
        },
  );
}
