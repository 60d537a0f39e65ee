// Every part that xSplice ever downloads, with its purpose: data for doctor, plan and fetch. Sizes are
// rounded, until the mirror reports the exact ones.

import type { PackageForm, Suite } from "./apt-suite.ts";
import { PartsError } from "./errors.ts";

export interface PartDefinition {
  /** One of `partIds`, or `xen-` and an exact package version. */
  readonly id: string;
  /** Its purpose, for messages. */
  readonly purpose: string;
  readonly suite: Suite;
  /** "binary" by default. A source is unpacked with Debian's patches applied. */
  readonly form?: PackageForm;
  /** NAME or NAME=VERSION. */
  readonly packages: readonly string[];
  /** Which dependencies of `packages` are included; none by default. */
  readonly dependencies?: RegExp;
  /** Tar wildcards of the files to keep; all by default. */
  readonly members?: readonly string[];
  readonly approximateBytes: number;
  /** Programs of the machine that replace the part, if all of them exist. */
  readonly providedBy?: readonly string[];
  /** Parts whose programs unpack this one. */
  readonly unpackedBy?: readonly string[];
}

/** Shared libraries, and the files needed to load them; no interpreters, no services. */
const LIBRARIES = /^(lib(?!python|perl|pam|db5|semanage)|zlib1g|gcc-\d+-base)/;

const MB = 1_000_000;

/** The hypervisor of most tests: the only 4.17 with source, binary and xen-syms available. */
export const PINNED_XEN_4_17 = "4.17.5+72-g01140da4e8-1";

const knownIds = [
  "qemu",
  "kernel",
  "busybox",
  "squashfs-tools",
  "ssh-server",
  "ssh-client",
  "xen-4.14",
  "xen-4.17",
  "xen-4.17.7",
  "xen-4.20",
  "xen-tools-4.14",
  "xen-tools-4.17",
  "xen-tools-4.20",
  "make",
  "python3",
  "parser-generators",
  "source-unpackers",
  "xen-source-4.17",
] as const;

export const partIds: readonly string[] = knownIds;

type Definition = Omit<PartDefinition, "id">;

const definitions: Readonly<Record<(typeof knownIds)[number], Definition>> = {
  qemu: {
    purpose: "the machine that a lab's Xen runs on",
    suite: "bookworm",
    packages: ["qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios"],
    dependencies: LIBRARIES,
    approximateBytes: 36 * MB,
    providedBy: ["qemu-system-x86_64"],
  },
  kernel: {
    purpose: "the Linux of a lab's dom0",
    suite: "bookworm",
    packages: ["linux-image-amd64"],
    dependencies: /^linux-image-\d/,
    members: [
      "./boot/vmlinuz*",
      "*/virtio*.ko",
      "*/squashfs.ko",
      "*/overlay.ko",
      "*/xen-privcmd.ko",
      "*/xen-evtchn.ko",
      "*/xen-gntdev.ko",
      "*/xenfs.ko",
    ],
    approximateBytes: 70.6 * MB,
  },
  busybox: {
    purpose: "the commands of a lab's dom0",
    suite: "bookworm",
    packages: ["busybox-static"],
    members: ["./bin/busybox", "./usr/bin/busybox"],
    approximateBytes: 1 * MB,
  },
  "squashfs-tools": {
    purpose: "makes the disk image of Node and Xen's stock tools for a lab's dom0",
    suite: "bookworm",
    packages: ["squashfs-tools"],
    dependencies: LIBRARIES,
    approximateBytes: 3.8 * MB,
    providedBy: ["mksquashfs"],
  },
  "ssh-server": {
    purpose: "the ssh server in a lab's dom0, for tests of hosts over ssh",
    suite: "bookworm",
    packages: ["dropbear-bin"],
    dependencies: LIBRARIES,
    approximateBytes: 4.2 * MB,
  },
  "ssh-client": {
    purpose: "the other end of ssh, for tests of hosts over ssh",
    suite: "bookworm",
    packages: ["openssh-client"],
    dependencies: LIBRARIES,
    approximateBytes: 8.2 * MB,
    providedBy: ["ssh"],
  },
  "xen-4.14": xen("4.14", "bullseye", ["xen-hypervisor-4.14-amd64"], 6 * MB),
  "xen-4.17": xen(
    "4.17",
    "bookworm",
    [
      `xen-hypervisor-4.17-amd64=${PINNED_XEN_4_17}`,
      `xen-hypervisor-4.17-amd64-dbg=${PINNED_XEN_4_17}`,
    ],
    3.6 * MB,
  ),
  "xen-4.17.7": xen(
    "4.17 with Debian's latest security fixes",
    "bookworm",
    ["xen-hypervisor-4.17-amd64", "xen-hypervisor-4.17-amd64-dbg"],
    3.6 * MB,
  ),
  "xen-4.20": xen(
    "4.20",
    "trixie",
    ["xen-hypervisor-4.20-amd64", "xen-hypervisor-4.20-amd64-dbg"],
    4 * MB,
  ),
  "xen-tools-4.14": xenTools("4.14", "bullseye", ["xen-utils-4.14", "xenstore-utils"], 14 * MB),
  "xen-tools-4.17": xenTools(
    "4.17",
    "bookworm",
    [
      `xen-utils-4.17=${PINNED_XEN_4_17}`,
      `libxenmisc4.17=${PINNED_XEN_4_17}`,
      `xenstore-utils=${PINNED_XEN_4_17}`,
    ],
    12 * MB,
  ),
  "xen-tools-4.20": xenTools("4.20", "trixie", ["xen-utils-4.20", "xenstore-utils"], 14 * MB),
  make: {
    purpose: "runs Xen's make files, which compile its objects",
    suite: "bookworm",
    packages: ["make"],
    approximateBytes: 0.4 * MB,
    providedBy: ["make"],
  },
  python3: {
    purpose: "runs the scripts of Xen's source that write headers, before its objects are compiled",
    suite: "bookworm",
    packages: ["python3-minimal"],
    dependencies: /^((lib)?python3\.\d+-minimal|libexpat1)$/,
    approximateBytes: 3 * MB,
    providedBy: ["python3"],
  },
  "parser-generators": {
    purpose: "flex, bison and m4: they make the program that reads Xen's configuration",
    suite: "bookworm",
    packages: ["flex", "bison", "m4"],
    approximateBytes: 1.9 * MB,
    providedBy: ["flex", "bison", "m4"],
  },
  "source-unpackers": {
    purpose: "xz and patch, to unpack source packages of Debian",
    suite: "bookworm",
    packages: ["xz-utils", "patch"],
    approximateBytes: 0.6 * MB,
    providedBy: ["xz", "patch"],
  },
  "xen-source-4.17": {
    purpose: "the source that the hypervisor of part xen-4.17 was built from",
    suite: "bookworm",
    form: "source",
    packages: [`xen=${PINNED_XEN_4_17}`],
    approximateBytes: 4.9 * MB,
    unpackedBy: ["source-unpackers"],
  },
};

/**
 * The definition of one of `partIds`, or of `xen-` and the exact version of a package, such as
 * `xen-4.14.6-1`.
 * @throws PartsError parts/unknown
 */
export function partDefinition(id: string): PartDefinition {
  const known = knownIds.find((candidate) => candidate === id);
  if (known !== undefined) return { id, ...definitions[known] };
  const [, version = "", release = ""] = /^xen-((\d+\.\d+)[.+][\w.+~-]+)$/.exec(id) ?? [];
  const likeness = knownIds.find((candidate) => candidate === `xen-${release}`);
  if (likeness !== undefined)
    return { id, ...withVersion(definitions[likeness], release, version) };
  throw new PartsError({
    code: "parts/unknown",
    problem: `Cannot fetch part "${id}": no such part`,
    expected: `one of ${partIds.join(", ")}, or xen-VERSION with the exact version of a package`,
  });
}

function withVersion(definition: Definition, release: string, version: string): Definition {
  return {
    ...definition,
    purpose: `the hypervisor Xen ${release} of package version ${version}, and its symbols`,
    packages: definition.packages.map((name) => `${name.replace(/=.*/, "")}=${version}`),
  };
}

function xen(
  release: string,
  suite: Suite,
  packages: readonly string[],
  approximateBytes: number,
): Definition {
  return {
    purpose: `the hypervisor Xen ${release} and its symbols, as Debian ships them`,
    suite,
    packages,
    members: ["./boot/xen-*.gz", "./boot/xen-*.config", "*/xen-syms-*"],
    approximateBytes,
  };
}

function xenTools(
  release: string,
  suite: Suite,
  packages: readonly string[],
  approximateBytes: number,
): Definition {
  return {
    purpose: `Xen ${release}'s own xen-livepatch and xl, with their libc, to compare with in a lab`,
    suite,
    packages,
    dependencies: LIBRARIES,
    approximateBytes,
  };
}
