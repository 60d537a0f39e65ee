// The machine of a lab as QEMU's arguments. A cold boot and a restore have the same arguments but for
// the memory: all paths are names in the run directory, which link to the real files.

import { type BoardWish, boardOf } from "./start/board.ts";

export interface Machine extends BoardWish {
  readonly cpus: number;
  /** Number of images, named image-0 … in the run directory. */
  readonly images: number;
  readonly kernelOptions: readonly string[];
}

/** Names in the run directory. */
export const RunFile = {
  hypervisor: "xen",
  kernel: "vmlinuz",
  initrd: "initrd",
  memory: "ram",
  console: "console.log",
  /** The console of the boot that the snapshot was made of. */
  bootConsole: "boot-console.log",
  debugger: "debugger.sock",
  /** What outlives the lab. */
  disk: "disk",
  /** Written by the supervisor when QEMU has ended. */
  exitStatus: "exit-status",
} as const;

/** Connections, each an agent and a monitor: the number of simultaneous clients of a lab. */
export const SEATS = 4;

export function agentSocket(seat: number): string {
  return `agent-${seat}.sock`;
}

export function monitorSocket(seat: number): string {
  return `qmp-${seat}.sock`;
}

export function imageName(index: number): string {
  return `image-${index}`;
}

/** Where the guest's memory is stored. */
export type MachineMemory =
  /** Only in this process's memory: for a boot without a snapshot. */
  | "anonymous"
  /** Written to the file, to make a snapshot from it. */
  | "shared-file"
  /** Read from the file of a snapshot; changes stay private. */
  | "private-file";

/** @param hasDisk with the writable disk that outlives the machine */
export function machineArguments(
  machine: Machine,
  memory: MachineMemory,
  hasDisk: "disk" | "no-disk",
): string[] {
  const commandLine = kernelCommandLine(machine, hasDisk);
  const { kernel, initrd } = RunFile;
  const board = boardOf(machine, { kernel, initrd, commandLine });
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-vga", "none", "-display", "none"],
    ...["-accel", "tcg,thread=multi", "-cpu", board.cpu, "-smp", String(machine.cpus)],
    ...["-machine", `${board.type},memory-backend=ram`, "-m", `${machine.memoryMb}M`],
    ...["-object", memoryBackend(machine, memory)],
    ...["-kernel", RunFile.hypervisor, ...board.start],
    ...["-chardev", `file,id=console,path=${RunFile.console}`, "-serial", "chardev:console"],
    ...["-device", "virtio-serial-pci"],
    ...Array.from({ length: SEATS }, (_, index) => seat(index)).flat(),
    ...Array.from({ length: machine.images }, (_, index) => disk(index)).flat(),
    ...(hasDisk === "disk" ? writableDisk : []),
    ...(memory === "private-file" ? ["-incoming", "defer"] : []),
  ];
}

function kernelCommandLine(
  { images, kernelOptions }: Machine,
  hasDisk: "disk" | "no-disk",
): string {
  const disk = hasDisk === "disk" ? ["xsplice.disk=yes"] : [];
  return ["console=hvc0 quiet", `xsplice.images=${images}`, ...disk, ...kernelOptions].join(" ");
}

function memoryBackend({ memoryMb }: Machine, memory: MachineMemory): string {
  if (memory === "anonymous") return `memory-backend-ram,id=ram,size=${memoryMb}M`;
  const share = memory === "shared-file" ? "on" : "off";
  return `memory-backend-file,id=ram,size=${memoryMb}M,mem-path=${RunFile.memory},share=${share}`;
}

function seat(index: number): string[] {
  return [
    ...["-qmp", `unix:${monitorSocket(index)},server=on,wait=off`],
    ...["-chardev", `socket,id=agent${index},path=${agentSocket(index)},server=on,wait=off`],
    ...["-device", `virtserialport,chardev=agent${index},name=xsplice.${index}`],
  ];
}

function disk(index: number): string[] {
  return [
    ...["-drive", `file=${imageName(index)},if=none,id=disk${index},format=raw,readonly=on`],
    ...["-device", `virtio-blk-pci,drive=disk${index}`],
  ];
}

/** The last one, so that the images' names do not depend on it. */
const writableDisk: readonly string[] = [
  ...["-drive", `file=${RunFile.disk},if=none,id=disk,format=raw`],
  ...["-device", "virtio-blk-pci,drive=disk"],
];
