// The options of `xsplice build`, in five groups.

import type { PatchInput } from "../source-patch/patch-file.ts";
import type { PreviousPayload } from "../stacking/cumulative.ts";
import type { StackingWish } from "../stacking/decide.ts";
import type { RunOptions } from "../xen-make/make-run.ts";

export interface BuildOptions {
  readonly inputs: BuildInputs;
  readonly stacking: BuildStacking;
  readonly allowed: AllowedNames;
  readonly label: PayloadLabel;
  readonly run: RunOptions;
}

/** What the payload is made from, and for which hypervisor. */
export interface BuildInputs {
  /** Top directory of Xen's source; it is only read. */
  readonly source: string;
  readonly config: NamedText;
  /** The running hypervisor, with its symbols. */
  readonly xenSyms: NamedBytes;
  /** In the order in which they are applied. */
  readonly patches: readonly PatchInput[];
  /** Patches of both sides: what the source has to become before the fix is looked at. */
  readonly pristine?: readonly PatchInput[] | undefined;
  /** C files with hooks. */
  readonly hooks: readonly string[];
}

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What the payload is stacked on, and how it is combined with others. */
export interface BuildStacking extends StackingWish {
  /** Patches of payloads below that do not carry their own patches. */
  readonly basePatches: readonly PatchInput[];
  /** The payload that a cumulative one replaces. */
  readonly previous: PreviousPayload | undefined;
}

/** What the author allows, by name. */
export interface AllowedNames {
  /** Init functions and data whose change need not take effect. */
  readonly init: readonly string[];
  /** Functions that may be replaced although a CPU may run them while Xen patches. */
  readonly unsafe: readonly string[];
  /** Types that may change. */
  readonly layouts: readonly string[];
  /** Variables that may lose their value. */
  readonly freshData: readonly string[];
}

export type Metadata = readonly (readonly [key: string, value: string])[];

/** The payload's description of itself. */
export interface PayloadLabel {
  /** Title of the fix; from the first patch if undefined. */
  readonly title: string | undefined;
  /** The author's own entries; they override ours. */
  readonly metadata: Metadata;
  readonly toolVersion: string;
  /** Whether the payload carries its patches, so that others can build on top of it. */
  readonly patches: "texts" | "digests";
}
