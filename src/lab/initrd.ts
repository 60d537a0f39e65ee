// The first file system of a lab's dom0: busybox, kernel modules, the agent and the init script.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { agentIdentity, buildAgent } from "./agent-binary.ts";
import { type CpioEntry, writeCpio } from "./cpio.ts";
import { digestOf } from "./digest.ts";
import { modulesInOrder } from "./kernel-modules.ts";
import { madeOnce } from "./made-once.ts";
import { shareFile } from "./share-file.ts";
import type { LabArchitecture } from "./start/board.ts";

/** Part of the file's name; increase it with every change of what initrd.ts itself adds. */
const RECIPE = 2;

const MODULES = [
  "virtio_pci",
  "virtio_console",
  "virtio_blk",
  "squashfs",
  "overlay",
  "crc32c_generic",
  "ext4",
  "xen_privcmd",
  "xen_evtchn",
  "xen_gntdev",
  "xenfs",
];

const FOLDERS = ["bin", "dev", "etc", "images", "modules", "overlay", "proc", "root", "sys", "tmp"];

export interface InitrdSources {
  /** Unpacked parts, and names that depend on their content. */
  readonly kernel: { readonly root: string; readonly identity: string };
  readonly busybox: { readonly root: string; readonly identity: string };
  readonly architecture: LabArchitecture;
}

/** Returns the archive's path and a name that depends on its content. */
export async function buildInitrd(
  cache: string,
  sources: InitrdSources,
  signal?: AbortSignal,
): Promise<{ path: string; identity: string }> {
  const init = readFileSync(shareFile("lab/init.sh"));
  const { kernel, busybox, architecture } = sources;
  const ofAgent = agentIdentity(architecture);
  const identity = digestOf(RECIPE, kernel.identity, busybox.identity, ofAgent, init);
  const agent = await buildAgent(cache, architecture, signal);
  const make = async (path: string): Promise<void> => {
    const entries = [...skeleton(), ...modules(kernel.root)];
    entries.push(
      file("init", 0o755, init),
      file("agent", 0o755, readFileSync(agent)),
      file("bin/busybox", 0o755, readFileSync(join(busybox.root, "bin/busybox"))),
    );
    writeFileSync(path, gzipSync(writeCpio(entries), { level: 1 }));
  };
  return { path: await madeOnce(cache, `initrd/${identity}`, make, signal), identity };
}

function skeleton(): CpioEntry[] {
  return [
    ...FOLDERS.map((path): CpioEntry => ({ kind: "folder", path, mode: 0o755 })),
    { kind: "character-device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
    file("etc/passwd", 0o644, Buffer.from("root::0:0:root:/root:/bin/sh\n")),
    file("etc/group", 0o644, Buffer.from("root:x:0:\n")),
    file("etc/shells", 0o644, Buffer.from("/bin/sh\n")),
  ];
}

function modules(kernelRoot: string): CpioEntry[] {
  const ordered = modulesInOrder(join(kernelRoot, "lib/modules"), MODULES);
  const names = ordered.map(({ path }) => basename(path));
  return [
    ...ordered.map(({ path }) => file(`modules/${basename(path)}`, 0o644, readFileSync(path))),
    file("modules/order", 0o644, Buffer.from(names.map((name) => `${name}\n`).join(""))),
  ];
}

function file(path: string, mode: number, bytes: Uint8Array): CpioEntry {
  return { kind: "file", path, mode, bytes };
}
