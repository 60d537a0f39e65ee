// `xsplice build`: from a source patch to a payload. buildFix() is the list of passes; each of them
// only adds refusals, so that all are told at once, and a payload is made only when there are none.

import { xenSectionPolicy } from "../diff/xen-policy.ts";
import type { GuardPlan } from "../guard/plan.ts";
import type { Environment } from "../parts/cache-folder.ts";
import type { EmittedPayload } from "../payload/emit.ts";
import type { GuardLevel, PayloadMode } from "../payload/metadata-keys.ts";
import { type Release, requireReleaseLine } from "../xen-abi/release.ts";
import { unsafeFunctions } from "../xen-abi/unpatchable.ts";
import {
  type ComparedObject,
  type CompareOptions,
  refusalsOfObjects,
  warningsOfInit,
} from "./build-compare.ts";
import { checkFit, type Fit } from "./build-fit.ts";
import { type CompiledHooks, compileHooks } from "./build-hooks.ts";
import { emitOptions, originOf, readHypervisor, releaseOf, startTools } from "./build-inputs.ts";
import { type LinkResult, linkPayload } from "./build-link.ts";
import { type Metadata, metadataOf } from "./build-metadata.ts";
import { warnOfMovedHunks, warnOfUnusedPermissions } from "./build-warnings.ts";
import { compareAll } from "./compare-all.ts";
import { compareWithPrevious, type PreviousPayload, type Succession } from "./mode-cumulative.ts";
import { type DecidedStacking, decideStacking, refuseVetoingHooks } from "./mode-stacking.ts";
import type { PatchInput } from "./patch-file.ts";
import { checkFoundation, type Foundation, surroundingsOf } from "./payload-below.ts";
import { type PreparedPairs, preparePairs } from "./prepare-pairs.ts";
import { type Phase, Timings } from "./prepare-timings.ts";
import type { BuildRefusal } from "./refusal.ts";
import { checkOrigins, patchesBelow } from "./stack-patches.ts";
import type { XenSyms } from "./xen-syms.ts";

export interface BuildOptions {
  /** Top folder of Xen's source, which is read only. */
  readonly source: string;
  /** The hypervisor that runs, with its symbols. */
  readonly xenSyms: { readonly name: string; readonly bytes: Uint8Array };
  readonly config: { readonly name: string; readonly text: string };
  /** In the order in which they are applied. */
  readonly patches: readonly PatchInput[];
  /** What the payload is to lie on. */
  readonly foundation: Foundation;
  /** Patches that payloads of the foundation were built from and do not carry. */
  readonly basePatches: readonly PatchInput[];
  readonly mode: PayloadMode;
  /** How much old code Xen compares; `undefined`: as much as the release can. */
  readonly guard: GuardLevel | undefined;
  /** The payload whose place a cumulative one is to take. */
  readonly previous: PreviousPayload | undefined;
  /** Variables of the previous payload that may lose what they hold. */
  readonly allowFreshData: readonly string[];
  /** Whether the payload carries the patches, for those who build on top of it. */
  readonly carriedPatches: "texts" | "digests";
  /** C files with hooks. */
  readonly hooks: readonly string[];
  readonly name: string | undefined;
  readonly metadata: Metadata;
  /** Init functions and data by name, whose change need not take effect. */
  readonly allowInit: readonly string[];
  readonly allowLayout: readonly string[];
  readonly compiler: string | undefined;
  readonly jobs: number;
  readonly toolVersion: string;
  readonly cache?: string;
  readonly environment?: Environment;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

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

/**
 * What cannot be live patched is an outcome, not an error.
 * @throws BuildError, BuilderError, DiffError, ElfError, EmitError; the reason of `signal`
 */
export async function buildFix(options: BuildOptions): Promise<BuiltFix> {
  const { foundation } = options;
  const timings = new Timings();
  // The compiler answers while the hypervisor and the source are read.
  const tools = startTools(options);
  const { xen, hypervisor } = timings.measure("read hypervisor", () => readHypervisor(options));
  checkFoundation(foundation, xen);
  const earlier = patchesBelow(foundation, options.basePatches);
  // From here it is known which source the unpatched side is made from.
  const { architecture } = xen;
  const prepared = await preparePairs({
    ...{ ...options, earlier, architecture, tools, timings },
    removal: "meanwhile",
  });
  try {
    return await finishFix(prepared, options, { xen, hypervisor, timings });
  } finally {
    await prepared.removed;
  }
}

interface Begun extends ReturnType<typeof readHypervisor> {
  readonly timings: Timings;
}

async function finishFix(
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
