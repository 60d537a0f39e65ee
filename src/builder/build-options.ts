// What `xsplice build` is asked for.

import type { Environment } from "../parts/cache-folder.ts";
import type { GuardLevel, PayloadMode } from "../payload/metadata-keys.ts";
import type { Foundation } from "../running/payload-below.ts";
import type { PatchInput } from "../source-patch/patch-file.ts";
import type { PreviousPayload } from "../stacking/cumulative.ts";
import type { Metadata } from "./metadata.ts";

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
