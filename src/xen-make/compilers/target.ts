// Whether a compiler makes code for the architecture that is meant. gcc does for one alone, and says which.

import type { Architecture } from "../../isa/architecture.ts";

/** Of gcc; clang takes its target as an option. */
export const ASK_TARGET = "-dumpmachine";

export interface WrongTarget {
  /** `it compiles for x86_64-linux-gnu` */
  readonly state: string;
  readonly expected: string;
  readonly remedy: string;
}

/** @param answer what it printed to ASK_TARGET; undefined when it is the right one, or does not tell */
export function whyWrongTarget(
  answer: string,
  architecture: Architecture,
): WrongTarget | undefined {
  const triple = answer.trim();
  const [machine = ""] = triple.split("-");
  if (machine === architecture || !/^[a-z]\w*(-\w+)+$/.test(triple)) return undefined;
  const usual = `${architecture}-linux-gnu-gcc`;
  return {
    state: `it compiles for ${triple}, and the hypervisor is for ${architecture}`,
    expected: `a compiler for ${architecture}, such as ${usual}`,
    remedy: `name it by --cc, or unset CC; on Debian: apt-get install gcc-${architecture.replace("_", "-")}-linux-gnu`,
  };
}
