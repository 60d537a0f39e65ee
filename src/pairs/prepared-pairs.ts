// The input and the result of preparePairs().

import type { Architecture } from "../isa/architecture.ts";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import type { FileEntry } from "../source-patch/hunk-ledger.ts";
import type { PatchInput } from "../source-patch/patch-file.ts";
import type { ConfigDifference } from "../xen-make/config.ts";
import type { RunOptions } from "../xen-make/make-run.ts";
import type { Sandbox } from "../xen-make/sandbox/sandbox.ts";
import type { SourceTree } from "../xen-make/source-tree.ts";
import type { Phase, Timings } from "../xen-make/timings.ts";
import type { MakeTools } from "../xen-make/tools.ts";
import type { AppliedPatches } from "./apply.ts";
import type { HookFile } from "./hook-files.ts";
import type { FileLines } from "./lines.ts";
import type { ObjectPair } from "./object-pair.ts";
import type { SymbolUsers } from "./symbol-users.ts";

export interface PairsRequest {
  readonly inputs: PairsInputs;
  readonly run: RunOptions;
  readonly within?: WithinBuild;
}

/** The inputs of both sides. */
export interface PairsInputs {
  /** Top directory of Xen's source. */
  readonly source: string;
  readonly config: { readonly name: string; readonly text: string };
  readonly architecture: Architecture;
  /** What the hypervisor says behind its release's number, as far as its code tells. */
  readonly extraVersion?: string | undefined;
  /** In the order in which they are applied. */
  readonly patches: readonly PatchInput[];
  /** Patches of both sides, which are applied first. */
  readonly pristine?: readonly PatchInput[] | undefined;
  /** Patches of the payloads that the new one is to be stacked on, the lowest first. */
  readonly earlier?: readonly (readonly PatchInput[])[];
  /** C files with hooks that include Xen's headers. */
  readonly hookFiles?: readonly HookFile[];
}

/** How preparing goes into the whole of which it is a part; by itself it waits for all that it began. */
interface WithinBuild {
  /** Asked for already; what it takes from the other options otherwise. */
  readonly tools: Promise<MakeTools> | undefined;
  readonly timings: Timings;
  /** `meanwhile`: the caller waits for `removed` himself, at the end of his own work. */
  readonly removal: "awaited" | "meanwhile";
  /** Called when make compiles the last objects: there is time for work that needs none of them. */
  readonly meanwhile: () => void;
}

export interface PreparedPairs {
  readonly pairs: readonly ObjectPair[];
  readonly account: PatchAccount;
  readonly changes: ChangedTexts;
  readonly source: PreparedSource;
  /** Of the unpatched source; may take as long as compiling all of it. */
  readonly findSymbolUsers: () => Promise<SymbolUsers>;
  /** Of the unpatched source, each as one that the hypervisor does not have. */
  readonly compileLibrary: () => Promise<readonly ObjectPair[]>;
  readonly phases: readonly Phase[];
  /** When the working copy is gone; what a process leaves that does not wait, the next one removes. */
  readonly removed: Promise<void>;
}

/** The result for every file and hunk. */
export interface PatchAccount {
  readonly ledger: readonly FileEntry[];
  /** Hunks that were found at other lines than they say. */
  readonly moved: AppliedPatches["moved"];
}

/** Changes of the patches to the texts of the source. */
export interface ChangedTexts {
  /** Of each changed file of code, by its path below `xen/`. */
  readonly lines: Readonly<Record<string, FileLines>>;
  /** Of each changed file that is built from, by its path below `xen/`. */
  readonly texts: ReadonlyMap<string, PatchedFile>;
  /** The same up to each payload below, the lowest first. */
  readonly levels: readonly ReadonlyMap<string, PatchedFile>[];
  /** Changes of each patch of the fix, in their order. */
  readonly contributions: AppliedPatches["contributions"];
}

/** What the objects were made from and with. */
export interface PreparedSource {
  readonly release: Pick<SourceTree["version"], "major" | "minor">;
  /** SHA-256 of the source, in hex. */
  readonly digest: string;
  /** Files in which it differs from the source of another digest; `undefined` where that is not known. */
  readonly differencesFrom: (digest: string) => readonly string[] | undefined;
  readonly configDifferences: readonly ConfigDifference[];
  readonly compiler: { readonly command: string; readonly version: string };
  /** In which make and the compiler ran. */
  readonly sandbox: Sandbox;
}
