// A base: one build of a hypervisor, with all that payloads for it are made from and tried on.

import type { PlanOptions } from "../parts/plan.ts";

/** What a command takes from a base; only that is fetched and required. */
export type BaseNeed =
  /** The symbols. */
  | "symbols"
  /** Symbols, source and configuration. */
  | "build"
  /** The image that boots, and its symbols. */
  | "lab";

/** What is looked for; "settings": to build, with a source that the caller has. */
export type PartsNeed = BaseNeed | "settings";

/** What a base is made of, before its parts are compared. Paths. */
export interface BaseParts {
  /** For people: `Debian's Xen 4.17.5+72-g01140da4e8-1`. */
  readonly title: string;
  /** Perhaps compressed. */
  readonly xenSyms: string;
  /** As a boot loader takes it. */
  readonly image: string | undefined;
  /** Top directory. */
  readonly source: string | undefined;
  readonly config: string | undefined;
  /** Exact version of Debian's package. */
  readonly packageVersion: string | undefined;
  /** The compiler to use where the user names none. */
  readonly compiler: string | undefined;
  /** The PATH on which that compiler is, where it is another one than the machine's. */
  readonly path: string | undefined;
  /** Hex: what it has to be, by the host that runs or by the description. */
  readonly buildId: ExpectedBuildId | undefined;
}

interface ExpectedBuildId {
  readonly hex: string;
  /** Whose it is: `ssh:root@host`, `its base.json`. */
  readonly of: string;
}

/** Paths, of parts that agree. */
export interface Base {
  /** For people: `Debian's Xen 4.17.5+72-g01140da4e8-1`. */
  readonly title: string;
  /** Hex, of the symbols; the image has the same, and the host that runs. */
  readonly buildId: string;
  /** Perhaps compressed. */
  readonly xenSyms: string;
  /** As a boot loader takes it. */
  readonly image: string | undefined;
  /** Top directory. */
  readonly source: string | undefined;
  /** `name` is a path, or says where the text was found. */
  readonly config: { readonly name: string; readonly text: string } | undefined;
  /** Exact version of Debian's package. */
  readonly packageVersion: string | undefined;
  /** The compiler to use where the user names none. */
  readonly compiler: string | undefined;
  /** The PATH on which that compiler is, where it is another one than the machine's. */
  readonly path: string | undefined;
}

export interface OpenBaseOptions extends PlanOptions {
  /** "build" by default: all that is needed for a payload from a source patch. */
  readonly need?: BaseNeed;
  /** A source directory of the caller's, which is compared like one that was found. */
  readonly source?: string | undefined;
  /** The compiler of the caller's: then none is looked for. */
  readonly compiler?: string | undefined;
  /** Program and first arguments in place of `ssh`. */
  readonly sshCommand?: readonly string[];
}

/** Of parts that have only some: the others are absent. */
export function baseParts(
  parts: Pick<BaseParts, "title" | "xenSyms"> & Partial<BaseParts>,
): BaseParts {
  const absent = {
    image: undefined,
    source: undefined,
    config: undefined,
    packageVersion: undefined,
    compiler: undefined,
    path: undefined,
    buildId: undefined,
  };
  return { ...absent, ...parts };
}
