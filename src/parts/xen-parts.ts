// The hypervisors that Debian's releases ship, as parts: each with its symbols, its source, and its
// stock tools.

import type { Suite } from "./apt-suite.ts";
import { type Definition, LIBRARIES, MB } from "./part-definition.ts";

export interface DebianRelease {
  /** Of Debian: "12". */
  readonly number: string;
  readonly suite: Suite;
  /** The line of Xen that it ships: "4.17". */
  readonly xen: string;
  /** The package of symbols, where they are not in that of the hypervisor. */
  readonly symbols: "own package" | "with the hypervisor";
  /** Its own, which made the hypervisor. */
  readonly compiler: string;
  /** Of the hypervisor and its symbols. */
  readonly approximateBytes: number;
}

/** Oldest first. */
export const debianReleases: readonly DebianRelease[] = [
  {
    number: "11",
    suite: "bullseye",
    xen: "4.14",
    symbols: "with the hypervisor",
    compiler: "gcc-10",
    approximateBytes: 6 * MB,
  },
  {
    number: "12",
    suite: "bookworm",
    xen: "4.17",
    symbols: "own package",
    compiler: "gcc-12",
    approximateBytes: 3.6 * MB,
  },
  {
    number: "13",
    suite: "trixie",
    xen: "4.20",
    symbols: "own package",
    compiler: "gcc-14",
    approximateBytes: 4 * MB,
  },
];

/** The hypervisor of most tests: the only 4.17 with source, binary and xen-syms available. */
export const PINNED_XEN_4_17 = "4.17.5+72-g01140da4e8-1";

/** Parts with a name of their own. */
export const xenParts: Readonly<Record<string, Definition>> = {
  "xen-4.14": xenPart(releaseOf("4.14"), undefined),
  "xen-4.17": xenPart(releaseOf("4.17"), PINNED_XEN_4_17),
  "xen-4.17.7": {
    ...xenPart(releaseOf("4.17"), undefined),
    purpose: hypervisorPurpose("4.17 with Debian's latest security fixes"),
  },
  "xen-4.20": xenPart(releaseOf("4.20"), undefined),
  "xen-tools-4.14": toolsPart("4.14", ["xen-utils-4.14", "xenstore-utils"], 14 * MB),
  "xen-tools-4.17": toolsPart(
    "4.17",
    [
      `xen-utils-4.17=${PINNED_XEN_4_17}`,
      `libxenmisc4.17=${PINNED_XEN_4_17}`,
      `xenstore-utils=${PINNED_XEN_4_17}`,
    ],
    12 * MB,
  ),
  "xen-tools-4.20": toolsPart("4.20", ["xen-utils-4.20", "xenstore-utils"], 14 * MB),
  "xen-source-4.17": {
    ...sourcePart(releaseOf("4.17"), PINNED_XEN_4_17),
    purpose: "the source that the hypervisor of part xen-4.17 was built from",
  },
};

/** Of `xen-VERSION` or `xen-source-VERSION`; undefined where no release of Debian has such a Xen. */
export function xenPartOfVersion(id: string): Definition | undefined {
  const [, source, version = "", line = ""] =
    /^xen-(source-)?((\d+\.\d+)[.+][\w.+~-]+)$/.exec(id) ?? [];
  const release = debianReleases.find(({ xen }) => xen === line);
  if (release === undefined) return undefined;
  if (source !== undefined) return sourcePart(release, version);
  const purpose = `the hypervisor Xen ${line} of package version ${version}, and its symbols`;
  return { ...xenPart(release, version), purpose };
}

/** The ids of the parts with the hypervisor and with the source of a package's version. */
export function xenPartIds(version: string): { readonly xen: string; readonly source: string } {
  // It has parts with names of their own, which are there already on most machines.
  const name = version === PINNED_XEN_4_17 ? "4.17" : version;
  return { xen: `xen-${name}`, source: `xen-source-${name}` };
}

/** Packages with the hypervisor and its symbols, by name. */
export function hypervisorPackages({ xen, symbols }: DebianRelease): readonly string[] {
  const name = `xen-hypervisor-${xen}-amd64`;
  return symbols === "own package" ? [name, `${name}-dbg`] : [name];
}

function releaseOf(line: string): DebianRelease {
  const release = debianReleases.find(({ xen }) => xen === line);
  if (release === undefined) throw new Error(`Bug in xsplice: no Debian ships Xen ${line}`);
  return release;
}

function hypervisorPurpose(xen: string): string {
  return `the hypervisor Xen ${xen} and its symbols, as Debian ships them`;
}

function xenPart(release: DebianRelease, version: string | undefined): Definition {
  const { suite, approximateBytes } = release;
  const names = hypervisorPackages(release);
  return {
    purpose: hypervisorPurpose(release.xen),
    suite,
    packages: version === undefined ? names : names.map((name) => `${name}=${version}`),
    members: ["./boot/xen-*.gz", "./boot/xen-*.config", "*/xen-syms-*"],
    approximateBytes,
  };
}

function sourcePart({ suite, xen }: DebianRelease, version: string): Definition {
  return {
    purpose: `the source of Debian's Xen ${xen}, package version ${version}`,
    suite,
    form: "source",
    packages: [`xen=${version}`],
    approximateBytes: 4.9 * MB,
    unpackedBy: ["source-unpackers"],
  };
}

function toolsPart(
  line: string,
  packages: readonly string[],
  approximateBytes: number,
): Definition {
  return {
    purpose: `Xen ${line}'s own xen-livepatch and xl, with their libc, to compare with in a lab`,
    suite: releaseOf(line).suite,
    packages,
    dependencies: LIBRARIES,
    approximateBytes,
  };
}
