// How make and the compilers are run: as the caller asks for it, and as every pass that runs them has it.

import type { Environment } from "../parts/cache-folder.ts";
import type { Timings } from "./timings.ts";
import type { MakeTools, SandboxWish } from "./tools.ts";

/** As it is asked for. */
export interface RunOptions {
  /** As `CC` of make; gcc if undefined. */
  readonly compiler: string | undefined;
  readonly jobs: number;
  /** Whether make and the compiler are kept from the rest of the machine; "auto" if undefined. */
  readonly sandbox?: SandboxWish | undefined;
  /** The cache of xSplice, and where programs are found; its defaults are the user's own. */
  readonly cache?: string;
  readonly environment?: Environment;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Once the tools are found. */
export interface MakeRun {
  readonly tools: MakeTools;
  readonly jobs: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (text: string) => void;
  readonly timings: Timings;
}
