// `xsplice build`: from a source patch to a payload. buildFix() and finishFix() are the list of passes;
// each of them only adds refusals, so that all are told at once, and a payload is made only when there
// are none.

import type { GuardPlan } from "../guard/plan.ts";
import { iced } from "../isa/iced.ts";
import type { Environment } from "../parts/cache-folder.ts";
import type { EmittedPayload } from "../payload/emit.ts";
import type { GuardLevel, PayloadMode } from "../payload/metadata-keys.ts";
import type { Release } from "../xen-abi/release.ts";
import type { ComparedObject } from "./build-compare.ts";
import type { Fit } from "./build-fit.ts";
import { readHypervisor, startTools } from "./build-inputs.ts";
import type { LinkResult } from "./build-link.ts";
import type { Metadata } from "./build-metadata.ts";
import type { PreviousPayload, Succession } from "./mode-cumulative.ts";
import type { DecidedStacking } from "./mode-stacking.ts";
import type { PatchInput } from "./patch-file.ts";
import { checkFoundation, type Foundation } from "./payload-below.ts";
import { type PreparedPairs, preparePairs } from "./prepare-pairs.ts";
import { type Phase, Timings } from "./prepare-timings.ts";
import type { BuildRefusal } from "./refusal.ts";
import { patchesBelow } from "./stack-patches.ts";
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
    meanwhile: () => void getReady(xen).catch(() => {}), // Told when it is needed.
  });
  try {
    const { finishFix } = await loadFinish();
    return await finishFix(prepared, options, { xen, hypervisor, timings });
  } finally {
    await prepared.removed;
  }
}

/** What is needed when make has ended. */
async function getReady({ byName }: XenSyms): Promise<void> {
  if (byName.size > 0) await loadFinish();
}

/** The second half of the code, which is loaded while make runs, with the decoder of instructions. */
async function loadFinish(): Promise<typeof import("./build-finish.ts")> {
  const finish = await import("./build-finish.ts");
  iced();
  return finish;
}
