// Every part that xSplice ever downloads, with its purpose.

import { arm64Parts } from "./definitions/arm64-parts.ts";
import { compilerPart } from "./definitions/compiler-parts.ts";
import { PartsError } from "./errors.ts";
import { type Definition, LIBRARIES, MB, type PartDefinition } from "./part-definition.ts";
import { xenPartOfVersion, xenParts } from "./xen-parts.ts";

const definitions: Readonly<Record<string, Definition>> = {
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
      "*/ext4.ko",
      "*/jbd2.ko",
      "*/mbcache.ko",
      "*/crc16.ko",
      "*/crc32c_generic.ko",
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
  promtool: {
    purpose: "Prometheus' own check of metrics and alert rules, for the tests of xsplice metrics",
    suite: "bookworm",
    packages: ["prometheus"],
    members: ["./usr/bin/promtool"],
    approximateBytes: 19.3 * MB,
    providedBy: ["promtool"],
  },
  zsh: {
    purpose: "a shell, for the tests of xsplice completion",
    suite: "bookworm",
    packages: ["zsh", "zsh-common"],
    dependencies: LIBRARIES,
    approximateBytes: 8.4 * MB,
    providedBy: ["zsh"],
  },
  fish: {
    purpose: "a shell, for the tests of xsplice completion",
    suite: "bookworm",
    packages: ["fish", "fish-common"],
    dependencies: LIBRARIES,
    approximateBytes: 13.6 * MB,
    providedBy: ["fish"],
  },
  ansible: {
    purpose: "runs the play of share/ansible, for its test",
    suite: "bookworm",
    packages: ["ansible-core", "python3"],
    dependencies:
      /^(lib(?!perl|pam|db5|semanage|selinux)|zlib1g|gcc-\d+-base|media-types|python3(\.\d+|-minimal|-(cryptography|jinja2|markupsafe|packaging|resolvelib|yaml|cffi-backend))?(-minimal)?$)/,
    approximateBytes: 12 * MB,
    providedBy: ["ansible-playbook"],
  },
  ...xenParts,
  ...arm64Parts,
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
  bubblewrap: {
    purpose: "keeps make and the compiler from everything else on this machine",
    suite: "bookworm",
    packages: ["bubblewrap"],
    members: ["./usr/bin/bwrap"],
    approximateBytes: 0.05 * MB,
    providedBy: ["bwrap"],
  },
  "source-unpackers": {
    purpose: "xz and patch, to unpack source packages of Debian",
    suite: "bookworm",
    packages: ["xz-utils", "patch"],
    approximateBytes: 0.6 * MB,
    providedBy: ["xz", "patch"],
  },
};

export const partIds: readonly string[] = Object.keys(definitions);

/**
 * The definition of one of `partIds`; or of `xen-` and the exact version of a package, such as
 * `xen-4.14.6-1`, and of `xen-source-` and the same; or of one of `compilerIds`.
 * @throws PartsError parts/unknown
 */
export function partDefinition(id: string): PartDefinition {
  const definition = Object.hasOwn(definitions, id) ? definitions[id] : otherPart(id);
  if (definition !== undefined) return { id, ...definition };
  throw new PartsError({
    code: "parts/unknown",
    problem: `Cannot fetch part "${id}": no such part`,
    expected: `one of ${partIds.join(", ")}, or xen-VERSION with the exact version of a package`,
  });
}

/** What is fetched only where somebody names it. */
function otherPart(id: string): Definition | undefined {
  return xenPartOfVersion(id) ?? compilerPart(id);
}
