// The passes of `xsplice build` behind the compiler: from pairs of objects to a payload, or to every
// reason why there is none.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import { type CompareOptions, refusalsOfObjects, warningsOfInit } from "../compare/compare.ts";
import { compareAll } from "../compare/compare-all.ts";
import { xenSectionPolicy } from "../diff/xen-policy.ts";
import type { PreparedPairs } from "../pairs/prepare-pairs.ts";
import { surroundingsOf } from "../running/payload-below.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import { compareWithPrevious, type Succession } from "../stacking/cumulative.ts";
import { decideStacking, refuseVetoingHooks } from "../stacking/decide.ts";
import { checkOrigins } from "../stacking/patches.ts";
import { type Release, requireReleaseLine } from "../xen-abi/release.ts";
import { unsafeFunctions } from "../xen-abi/unpatchable.ts";
import type { Timings } from "../xen-make/timings.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";
import { checkFit } from "./fit.ts";
import { type CompiledHooks, compileHooks } from "./hooks.ts";
import { emitOptions, originOf, type readHypervisor, releaseOf } from "./inputs.ts";
import { type LinkResult, linkPayload } from "./link.ts";
import { metadataOf } from "./metadata.ts";
import { warnOfMovedHunks, warnOfUnusedPermissions } from "./warnings.ts";

export interface Begun extends ReturnType<typeof readHypervisor> {
  readonly timings: Timings;
}

/** @throws BuilderError, DiffError, ElfError, EmitError; BuildError of compiling more */
export async function finishFix(
  prepared: PreparedPairs,
  options: BuildOptions,
  { xen, hypervisor, timings }: Begun,
): Promise<BuiltFix> {
  const { foundation } = options;
  const origin = originOf(options, prepared);
  checkOrigins(foundation, origin);
  const release = releaseOf(xen, prepared);
  const { payloadVersion } = requireReleaseLine(release);
  const decided = decideStacking(options, { xen, release, payloadVersion });
  // From here every file and hunk has its objects or its reason.
  const surroundings = surroundingsOf(xen, foundation);
  const hooks = await timings.measureAsync("compile hooks", () =>
    compileHooks(options.hooks, surroundings, options),
  );
  const objects = await compareAll(prepared, {
    known: whatIsKnown(xen, release, hooks, options),
    liesOn: foundation.payloads.length === 0 ? "hypervisor" : "payloads",
    timings,
  });
  const fit = timings.measure("fit", () =>
    checkFit(objects, {
      xen,
      hypervisor,
      surroundings,
      payloads: foundation.payloads,
      config: { ...options.config, made: prepared.configDifferences },
      allowedLayouts: options.allowLayout,
    }),
  );
  const found = [
    ...refusalsOfFiles(prepared),
    ...refusalsOfObjects(objects),
    ...fit.refusals,
    ...refuseVetoingHooks(
      options.mode,
      hooks.hooks.map(({ kind }) => kind),
    ),
  ];
  const metadata = metadataOf({ ...options, own: options.metadata });
  const emit = { ...emitOptions(xen, release, metadata), ...decided, payloadVersion, origin };
  const isChanged =
    hooks.hooks.length > 0 || objects.some(({ diff }) => diff.outcome !== "unchanged");
  // From here nothing is refused any more but what cannot be linked.
  const linked =
    found.length > 0 || !isChanged
      ? undefined
      : timings.measure("emit", () =>
          linkPayload({
            objects,
            hooks,
            xen,
            release,
            surroundings,
            foundation,
            emit,
            contributions: prepared.contributions,
          }),
        );
  const succession = linked?.kind === "linked" ? successionOf(linked, options) : undefined;
  const refusals =
    linked?.kind === "refused" ? linked.refusals : [...found, ...(succession?.refusals ?? [])];
  const isLinked = linked?.kind === "linked" && refusals.length === 0;
  return {
    outcome: refusals.length > 0 ? "refused" : isLinked ? "built" : "unchanged",
    payload: isLinked ? linked.payload : undefined,
    functions: isLinked ? linked.functions : [],
    guards: isLinked ? linked.guards : { guards: [], unguarded: [] },
    refusals,
    warnings: [
      warnOfMovedHunks(prepared),
      ...(refusals.length === 0
        ? [warnOfUnusedPermissions(options, { objects, layouts: fit.layouts, succession })]
        : []),
      ...(isLinked ? [warningsOfInit(objects), linked.warnings] : []),
    ].join(""),
    objects,
    prepared,
    fit,
    release,
    xen,
    metadata,
    decided,
    succession,
    phases: timings.phases,
  };
}

function whatIsKnown(
  xen: XenSyms,
  release: Release,
  { hooks }: CompiledHooks,
  { allowInit, allowFreshData }: BuildOptions,
): CompareOptions {
  const unsafe = unsafeFunctions(xen.architecture, release);
  return {
    policy: xenSectionPolicy(release, xen.architecture, unsafe),
    allowedInit: new Set(allowInit),
    initChanges: hooks.length > 0 ? "left-to-hooks" : "refused",
    allowedLost: new Set(allowFreshData),
  };
}

function refusalsOfFiles({ ledger }: PreparedPairs): readonly BuildRefusal[] {
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

function successionOf(
  { payload }: Extract<LinkResult, { kind: "linked" }>,
  { previous, allowFreshData }: BuildOptions,
): Succession | undefined {
  return previous && compareWithPrevious(previous, payload, allowFreshData);
}
