// From the options to the files that a machine is started from: missing parts are downloaded, initrd
// and images are built.

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fetchMissing } from "../parts/fetch-missing.ts";
import { type PartState, requirePart } from "../parts/parts.ts";
import type { OnProgress } from "../parts/progress.ts";
import { CROSS_COMPILER_PART } from "./agent-binary.ts";
import { digestOf, digestOfFile } from "./digest.ts";
import { LabError } from "./errors.ts";
import { buildNodeImage, buildProgramsImage, type Image } from "./images.ts";
import { buildInitrd } from "./initrd.ts";
import type { Userland } from "./lab-info.ts";
import { type Machine, machineArguments } from "./machine.ts";
import { madeOnce } from "./made-once.ts";
import { openQemu, type QemuProgram, qemuOf } from "./qemu-program.ts";
import type { LabArchitecture } from "./start/board.ts";
import { readHypervisorImage, requireSymbolsOf } from "./start/hypervisor-image.ts";
import type { MachineFiles } from "./supervised-machine.ts";
import { findHypervisorFiles, type Hypervisor, type HypervisorFiles } from "./xen-choice.ts";

export interface LabRecipe {
  readonly hypervisor: Hypervisor;
  readonly userSymbols: string | undefined;
  readonly machine: Omit<Machine, "images">;
  readonly userland: Userland;
}

export interface PrepareOptions {
  readonly cache: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

export interface LabSources {
  readonly qemu: QemuProgram;
  readonly machine: Machine;
  readonly files: Omit<MachineFiles, "memory" | "disk" | "bootConsole">;
  readonly hypervisorFiles: HypervisorFiles;
  /** Changes with everything that a snapshot of such a machine depends on. */
  readonly identity: string;
}

const dom0Parts = {
  x86_64: { kernel: "kernel", busybox: "busybox" },
  arm64: { kernel: "kernel-arm64", busybox: "busybox-arm64" },
} as const satisfies Record<LabArchitecture, unknown>;

/** Ids of the parts that such a lab is made of; for planParts() and doctor. */
export function partsOf({
  hypervisor,
  userland,
  machine: { architecture },
}: Pick<LabRecipe, "hypervisor" | "userland" | "machine">): string[] {
  const { part, toolsPart } = hypervisor;
  const { kernel, busybox } = dom0Parts[architecture];
  const minimal = [
    ...[qemuOf[architecture].part, kernel, busybox],
    ...(architecture === "arm64" ? [CROSS_COMPILER_PART] : []),
    ...(part === undefined ? [] : [part]),
  ];
  if (userland === "minimal") return minimal;
  return [
    ...minimal,
    "squashfs-tools",
    ...(userland === "full" ? ["ssh-server"] : []),
    ...(toolsPart === undefined ? [] : [toolsPart]),
  ];
}

/** @throws PartsError, LabError */
export async function prepareSources(
  recipe: LabRecipe,
  options: PrepareOptions,
): Promise<LabSources> {
  const { cache, signal } = options;
  const { hypervisor: chosen } = recipe;
  const { architecture } = recipe.machine;
  // Before anything is fetched for it.
  if (chosen.part === undefined) readHypervisorImage(chosen.name, architecture);
  if (recipe.userland !== "minimal" && chosen.toolsPart === undefined) {
    options.onProgress({ kind: "note", text: withoutTools(chosen.release) });
  }
  await fetchMissing(partsOf(recipe), options);
  const kernel = cachedPart(dom0Parts[architecture].kernel, cache);
  const busybox = cachedPart(dom0Parts[architecture].busybox, cache);
  const hypervisorFiles = findHypervisorFiles(recipe.hypervisor, recipe.userSymbols, { cache });
  const [qemu, initrd, hypervisor, images] = await Promise.all([
    openQemu(requirePart(qemuOf[architecture].part, { cache }), architecture),
    buildInitrd(cache, { kernel: source(kernel), busybox: source(busybox), architecture }, signal),
    unpackHypervisor(cache, hypervisorFiles.image, recipe, signal),
    recipe.userland === "minimal" ? [] : buildImages(recipe, options),
  ]);
  const machine: Machine = { ...recipe.machine, images: images.length };
  return {
    qemu,
    machine,
    hypervisorFiles,
    files: {
      hypervisor: hypervisor.path,
      kernel: kernelImage(kernel.root),
      initrd: initrd.path,
      images: images.map(({ path }) => path),
    },
    identity: digestOf(
      // The processor and all devices: what was saved on one machine does not run on another.
      ...machineArguments(machine, "private-file", "no-disk"),
      ...[qemu.identity, kernel.manifest.identity, initrd.identity, hypervisor.identity],
      ...images.map(({ identity }) => identity),
    ),
  };
}

function withoutTools(release: string | undefined): string {
  const why =
    release === undefined
      ? "which release it is, is not known (--xen-syms says it)"
      : `Debian has none of Xen ${release}`;
  return `this lab's dom0 gets no xen-livepatch and no xl: ${why}`;
}

async function buildImages(recipe: LabRecipe, options: PrepareOptions): Promise<Image[]> {
  const { cache, signal } = options;
  const { toolsPart } = recipe.hypervisor;
  const maker = { cache, squashfsTools: requirePart("squashfs-tools", { cache }), signal };
  const images: Image[] = [];
  if (recipe.userland === "full") {
    images.push(
      await buildNodeImage(maker),
      await buildProgramsImage(maker, "ssh-server", cachedPart("ssh-server", cache), ""),
    );
  }
  if (toolsPart !== undefined) {
    const tools = cachedPart(toolsPart, cache);
    images.push(await buildProgramsImage(maker, "xen-tools", tools, START_XEN_TOOLS));
  }
  return images;
}

/** xl needs xenstore; a lab without domains needs no other part of the toolstack. */
const START_XEN_TOOLS = `mkdir -p /var/lib/xenstored /var/run/xenstored /var/log/xen /var/run/xen /var/lib/xen /etc/xen
touch /etc/xen/xl.conf
xenstored --pid-file /var/run/xenstored.pid
xen-livepatch list >/dev/null
`;

async function unpackHypervisor(
  cache: string,
  image: string,
  { machine: { architecture }, userSymbols }: LabRecipe,
  signal: AbortSignal | undefined,
): Promise<Image> {
  const read = () => readHypervisorImage(image, architecture);
  if (userSymbols !== undefined) requireSymbolsOf(read(), image, userSymbols);
  const identity = digestOfFile(image);
  const make = async (path: string): Promise<void> => writeFileSync(path, read());
  return { path: await madeOnce(cache, `hypervisors/${identity}`, make, signal), identity };
}

function cachedPart(id: string, cache: string): Extract<PartState, { kind: "cached" }> {
  const state = requirePart(id, { cache });
  if (state.kind === "cached") return state;
  throw new Error(`Bug in xsplice: part ${id} has no files of its own`);
}

function source({ root, manifest }: Extract<PartState, { kind: "cached" }>): {
  root: string;
  identity: string;
} {
  return { root, identity: manifest.identity };
}

function kernelImage(root: string): string {
  const name = readdirSync(join(root, "boot")).find((file) => file.startsWith("vmlinuz"));
  if (name !== undefined) return join(root, "boot", name);
  throw new LabError({
    code: "lab/build-failed",
    problem: "Cannot start a lab: the fetched kernel package holds no kernel",
    where: root,
  });
}
