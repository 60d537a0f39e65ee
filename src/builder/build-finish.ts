// The passes of `xsplice build` behind the compiler: from pairs of objects to a payload, or to every
// reason why there is none.

import { xenSectionPolicy } from "../diff/xen-policy.ts";
import { type Release, requireReleaseLine } from "../xen-abi/release.ts";
import { unsafeFunctions } from "../xen-abi/unpatchable.ts";
import type { BuildOptions, BuiltFix } from "./build.ts";
import { type CompareOptions, refusalsOfObjects, warningsOfInit } from "./build-compare.ts";
import { checkFit } from "./build-fit.ts";
import { type CompiledHooks, compileHooks } from "./build-hooks.ts";
import { emitOptions, originOf, type readHypervisor, releaseOf } from "./build-inputs.ts";
import { type LinkResult, linkPayload } from "./build-link.ts";
import { metadataOf } from "./build-metadata.ts";
import { warnOfMovedHunks, warnOfUnusedPermissions } from "./build-warnings.ts";
import { compareAll } from "./compare-all.ts";
import { compareWithPrevious, type Succession } from "./mode-cumulative.ts";
import { decideStacking, refuseVetoingHooks } from "./mode-stacking.ts";
import { surroundingsOf } from "./payload-below.ts";
import type { PreparedPairs } from "./prepare-pairs.ts";
import type { Timings } from "./prepare-timings.ts";
import type { BuildRefusal } from "./refusal.ts";
import { checkOrigins } from "./stack-patches.ts";
import type { XenSyms } from "./xen-syms.ts";

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
      ...{ xen, hypervisor, surroundings, payloads: foundation.payloads },
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
            ...{ objects, hooks, xen, release, surroundings, foundation, emit },
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
