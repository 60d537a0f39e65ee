// What the passes of loading read (load.ts): the hypervisor as it is then, and the payload's file in its place.

import type { CpuProfile } from "../cpu-profile.ts";
import type { Hypervisor } from "../hypervisor.ts";
import type { Memory } from "../memory.ts";
import type { Assumption } from "../verdict.ts";
import type { PayloadFile } from "./payload-file.ts";
import type { Allocate, Placement } from "./place-sections.ts";
import type { LookUp } from "./resolve-symbols.ts";

/** What loading needs of the hypervisor as it is then. */
export interface LoadSurroundings {
  readonly xen: Hypervisor;
  readonly cpu: CpuProfile;
  /** The payload's regions are added to it; the caller takes it over when the load succeeds. */
  readonly memory: Memory;
  readonly allocate: Allocate;
  readonly lookUp: LookUp;
  /** Name of the loaded payload with that build-id. */
  readonly findById: (id: Uint8Array) => string | undefined;
  /** Grows while loading. */
  readonly assumptions: Assumption[];
}

export interface LoadContext extends LoadSurroundings {
  readonly file: PayloadFile;
  readonly placement: Placement;
}
