// What a lab with an arm64 hypervisor is made of on a machine of x86-64.

import { type Definition, LIBRARIES, MB } from "../part-definition.ts";

const TARGET = "aarch64-linux-gnu";

/** What Xen's make files and our own compilers call. */
const tools = ["gcc", "cpp", "as", "ld", "ld.bfd", "ar", "nm", "objcopy", "objdump", "ranlib"];
const moreTools = ["readelf", "size", "strings", "strip", "addr2line"];

export const arm64Parts: Readonly<Record<string, Definition>> = {
  "qemu-arm64": {
    purpose: "the machine that a lab's Xen for arm64 runs on",
    suite: "bookworm",
    packages: ["qemu-system-arm", "qemu-system-common", "qemu-system-data"],
    dependencies: LIBRARIES,
    approximateBytes: 36 * MB,
    providedBy: ["qemu-system-aarch64"],
  },
  "kernel-arm64": {
    purpose: "the Linux of the dom0 of a lab for arm64",
    suite: "bookworm",
    architecture: "arm64",
    packages: ["linux-image-cloud-arm64"],
    dependencies: /^linux-image-\d/,
    members: [
      "./boot/vmlinuz*",
      "*/virtio*.ko",
      "*/xen-privcmd.ko",
      "*/xen-evtchn.ko",
      "*/xen-gntdev.ko",
      "*/xenfs.ko",
    ],
    approximateBytes: 21 * MB,
  },
  "busybox-arm64": {
    purpose: "the commands of the dom0 of a lab for arm64",
    suite: "bookworm",
    architecture: "arm64",
    packages: ["busybox-static"],
    members: ["./bin/busybox", "./usr/bin/busybox"],
    approximateBytes: 0.8 * MB,
  },
  "gcc-arm64": {
    purpose: "compiles for arm64: the hypervisor, payloads, and the agent of a lab",
    suite: "bookworm",
    packages: [`gcc-${TARGET}`, `binutils-${TARGET}`, "libc6-dev-arm64-cross"],
    // Not libc: these programs run with this machine's own.
    dependencies:
      /^((gcc|cpp)-(\d+-)?aarch64-linux-gnu|(libc6|libgcc-s1|libgcc-\d+-dev|linux-libc-dev)-arm64-cross|lib(isl|mpc|mpfr|gmp|zstd|jansson)\d+)$/,
    approximateBytes: 45 * MB,
    providedBy: [`${TARGET}-gcc`, `${TARGET}-ld`],
    starters: [...tools, ...moreTools].map((name) => `${TARGET}-${name}`),
  },
};
