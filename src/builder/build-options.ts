// What `xsplice build` is asked for, in the five things that it is.

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

/** What the payload is made from and for. */
export interface BuildInputs {
  /** Top directory of Xen's source, which is read only. */
  readonly source: string;
  readonly config: NamedText;
  /** The hypervisor that runs, with its symbols. */
  readonly xenSyms: NamedBytes;
  /** In the order in which they are applied. */
  readonly patches: readonly PatchInput[];
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

/** What the payload is to be stacked on, and how it is to stand among others. */
export interface BuildStacking extends StackingWish {
  /** Patches that payloads of the foundation were built from and do not carry. */
  readonly basePatches: readonly PatchInput[];
  /** The payload whose place a cumulative one is to take. */
  readonly previous: PreviousPayload | undefined;
}

/** What the author lets pass, by name. */
export interface AllowedNames {
  /** Init functions and data, whose change need not take effect. */
  readonly init: readonly string[];
  /** Types that may change. */
  readonly layouts: readonly string[];
  /** Variables that may lose what they hold. */
  readonly freshData: readonly string[];
}

export type Metadata = readonly (readonly [key: string, value: string])[];

/** What the payload says of itself. */
export interface PayloadLabel {
  /** Of the fix; from the first patch if undefined. */
  readonly title: string | undefined;
  /** The author's own; win over ours. */
  readonly metadata: Metadata;
  readonly toolVersion: string;
  /** Whether it carries its patches, for those who build on top of it. */
  readonly patches: "texts" | "digests";
}
