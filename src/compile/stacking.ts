// The old code that a payload of hand-written code carries, and its hooks that prevent a replace.

import { BuilderError } from "../build-outcome/builder-error.ts";
import type { ElfDraft } from "../elf/draft.ts";
import type { GuardPlan } from "../guard/plan.ts";
import type { Hook } from "../payload/emit/input.ts";
import type { PayloadMode } from "../payload/metadata-keys.ts";
import type { FunctionPair } from "../running/match-functions.ts";
import { refuseVetoingHooks } from "../stacking/decide.ts";
import { type GuardTarget, planGuards } from "../stacking/guards.ts";
import { hasFeature } from "../xen-abi/features.ts";
import { formatRelease, type Release } from "../xen-abi/release.ts";

/** Of replaced functions, and of static functions of Xen that the code refers to. */
export function guardsOfSource(
  pairs: readonly FunctionPair[],
  drafts: readonly ElfDraft[],
  target: GuardTarget,
): GuardPlan {
  const relied = drafts
    .flatMap(({ symbols }) => symbols)
    .filter(({ place, name }) => place === "undefined" && name.includes("#"))
    .filter(({ name }) => target.xen.byName.get(name)?.kind === "function")
    .map(({ name }) => name);
  const replaced = pairs.map(({ xenFunction }) => xenFunction.name);
  // A compiler of hand-written code sees no body of Xen's.
  return planGuards({ replaced, relied, called: [] }, target);
}

/** Checks that Xen would call them, and permit the payload's mode. @throws BuilderError */
export function checkHooks(
  hooks: readonly Hook[],
  { mode, release }: { readonly mode: PayloadMode; readonly release: Release | undefined },
): void {
  if (hooks.length > 0 && release !== undefined && !hasFeature(release, "load-hooks")) {
    throw new BuilderError({
      code: "builder/bad-option",
      problem: `Cannot use hooks with Xen ${formatRelease(release)}: it would not call them`,
      expected: "Xen 4.8 or later, or functions only",
    });
  }
  const kinds = hooks.map(({ kind }) => kind);
  const [refusal] = refuseVetoingHooks(mode, kinds);
  if (refusal === undefined) return;
  throw new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot make a cumulative payload with ${refusal.what}: ${refusal.reasons.join()}`,
    where: refusal.where,
    expected: "hooks that allow Xen to replace other payloads by this one",
    ...(refusal.remedy === undefined ? {} : { remedy: refusal.remedy }),
  });
}
