// Compilers of Debian's releases, as parts: payloads for a hypervisor are compiled by the compiler that
// made it, and that is the one of its release, not of this machine's.

import type { Suite } from "../apt-suite.ts";
import { type Definition, LIBRARIES, MB } from "../part-definition.ts";

/** The release of Debian that has it. */
const suites: Readonly<Record<string, Suite>> = {
  "gcc-10": "bullseye",
  "gcc-12": "bookworm",
  "gcc-14": "trixie",
  "clang-14": "bookworm",
  "clang-16": "bookworm",
  "clang-19": "bookworm",
};

export const compilerIds: readonly string[] = Object.keys(suites);

/** With the assembler and linker of its release; nothing that only whole programs need. */
const OTHERS = /^(cpp-\d+|gcc-\d+|binutils)(-x86-64-linux-gnu)?$|^binutils-common$/;

/** Undefined for all that is none of `compilerIds`. */
export function compilerPart(id: string): Definition | undefined {
  const suite = Object.hasOwn(suites, id) ? suites[id] : undefined;
  if (suite === undefined) return undefined;
  const isClang = id.startsWith("clang-");
  return {
    purpose: `the compiler ${id}, for hypervisors that were built with it`,
    suite,
    packages: isClang ? [id] : [id, "binutils"],
    dependencies: new RegExp(`${LIBRARIES.source}|${OTHERS.source}`),
    approximateBytes: (isClang ? 95 : 45) * MB,
    providedBy: [id],
  };
}
