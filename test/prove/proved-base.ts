// Hypervisors that triggers are played on.

import { resolve } from "node:path";
import type { OpenLabOptions } from "../../src/lab/open-lab.ts";
import { PINNED_XEN_4_17 } from "../../src/parts/xen-parts.ts";

export interface ProvedBase {
  /** For people, and the key of its results. */
  readonly name: string;
  readonly lab: OpenLabOptions;
  /** What `xsplice build` needs to know of it; `undefined` where there is no source. */
  readonly build: readonly string[] | undefined;
}

/** Of Debian's, only the one has source that can be had. */
export const debianBases: readonly ProvedBase[] = [
  { name: "Debian's 4.14", lab: { xen: "4.14" }, build: undefined },
  {
    name: `Debian's ${PINNED_XEN_4_17}`,
    lab: { xen: "4.17" },
    build: ["--base", `debian:${PINNED_XEN_4_17}`],
  },
  { name: "Debian's 4.20", lab: { xen: "4.20" }, build: undefined },
];

export interface OwnBase {
  readonly name: string;
  readonly source: string;
  readonly xenSyms: string;
  readonly config: string;
  readonly image: string;
}

export function ownBase({ name, source, xenSyms, config, image }: OwnBase): ProvedBase {
  return {
    name,
    // A path for the lab, and no release, also when it lies in this directory.
    lab: { xen: resolve(image), xenSymbols: xenSyms },
    build: ["--source", source, "--xen-syms", xenSyms, "--config", config],
  };
}
