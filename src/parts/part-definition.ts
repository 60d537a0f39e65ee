// What a part is: data for doctor, plan and fetch. Sizes are rounded, until the mirror reports the exact
// ones.

import type { PackageArchitecture, PackageForm, Suite } from "./apt-suite.ts";

export interface PartDefinition {
  /** One of `partIds`, or `xen-` or `xen-source-` and an exact package version. */
  readonly id: string;
  /** Its purpose, for messages. */
  readonly purpose: string;
  readonly suite: Suite;
  /** "binary" by default. A source is unpacked with Debian's patches applied. */
  readonly form?: PackageForm;
  /** "amd64" by default; of binary packages. */
  readonly architecture?: PackageArchitecture;
  /** NAME or NAME=VERSION. */
  readonly packages: readonly string[];
  /** Which dependencies of `packages` are included; none by default. */
  readonly dependencies?: RegExp;
  /** Tar wildcards of the files to keep; all by default. */
  readonly members?: readonly string[];
  readonly approximateBytes: number;
  /** Programs of the machine that replace the part, if all of them exist. */
  readonly providedBy?: readonly string[];
  /**
   * Programs that need libraries of the part but this machine's libc: scripts beside the part's files start
   * them so.
   */
  readonly starters?: readonly string[];
  /** Parts whose programs unpack this one. */
  readonly unpackedBy?: readonly string[];
}

export type Definition = Omit<PartDefinition, "id">;

/** Shared libraries, and the files needed to load them; no interpreters, no services. */
export const LIBRARIES = /^(lib(?!python|perl|pam|db5|semanage)|zlib1g|gcc-\d+-base)/;

export const MB = 1_000_000;
