// The emulated computers that hypervisors boot on: what differs between them in QEMU's arguments.

/** Xen's own names (XEN_TARGET_ARCH). */
export const labArchitectures = ["x86_64", "arm64"] as const;
export type LabArchitecture = (typeof labArchitectures)[number];

/** The maker of an emulated x86 processor: Xen treats them differently. */
export const processors = ["amd", "intel"] as const;
export type Processor = (typeof processors)[number];

/**
 * QEMU emulates the virtual machines and nested paging of AMD's without KVM, so guests run on it. Of its
 * models EPYC and Opteron_G5 do not bring dom0 up, Opteron_G3 has no nested paging. Intel's has no
 * guests; Xen parks CPUs of Intel's that go offline, and forgets those of AMD's.
 */
const CPU_MODEL: Readonly<Record<Processor, string>> = {
  amd: "qemu64,+svm,+npt",
  intel: "Nehalem",
};

export interface BoardWish {
  readonly architecture: LabArchitecture;
  /** Of x86_64. */
  readonly processor: Processor;
  readonly memoryMb: number;
  readonly hypervisorOptions: readonly string[];
}

/** What the hypervisor starts dom0 from: names of files, and the kernel's command line. */
export interface Dom0Start {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
}

/** In QEMU's words. */
export interface Board {
  readonly cpu: string;
  readonly type: string;
  /** What follows the hypervisor: its command line, dom0's kernel and initrd. */
  readonly start: readonly string[];
}

export function boardOf(machine: BoardWish, dom0: Dom0Start): Board {
  return machine.architecture === "arm64" ? arm64Board(machine, dom0) : x86Board(machine, dom0);
}

/** Memory that Xen keeps for itself and for payloads; dom0 gets the rest. */
const HYPERVISOR_MB = 192;

function x86Board(machine: BoardWish, { kernel, initrd, commandLine }: Dom0Start): Board {
  const dom0Mb = machine.memoryMb - HYPERVISOR_MB;
  const options = ["com1=115200,8n1", "console=com1", `dom0_mem=${dom0Mb}M,max:${dom0Mb}M`];
  const modules = `${kernel} ${commandLine},${initrd}`;
  return {
    cpu: CPU_MODEL[machine.processor],
    type: "pc",
    start: ["-append", hypervisorCommandLine(options, machine), "-initrd", modules],
  };
}

/** Where the memory of QEMU's board "virt" begins. */
const MEMORY_AT_MB = 1024;
/**
 * Below the end of memory: Xen gives dom0 memory at the same addresses as the machine has it, in large pieces,
 * which modules in the middle would prevent. QEMU puts its device tree at 128 MB.
 */
const KERNEL_BELOW_END_MB = 112;
const INITRD_BELOW_END_MB = 48;
/** The smallest piece of memory that Xen gives to dom0. */
const DOM0_PIECE_MB = 128;

function arm64Board(machine: BoardWish, dom0: Dom0Start): Board {
  const { memoryMb } = machine;
  const dom0Mb = Math.floor(memoryMb / 2 / DOM0_PIECE_MB) * DOM0_PIECE_MB;
  const options = ["console=dtuart", "dtuart=/pl011@9000000", `dom0_mem=${dom0Mb}M`];
  const below = (distanceMb: number) =>
    `addr=0x${((MEMORY_AT_MB + memoryMb - distanceMb) * 1024 * 1024).toString(16)}`;
  const kernel = `guest-loader,${below(KERNEL_BELOW_END_MB)},kernel=${dom0.kernel}`;
  return {
    cpu: "cortex-a57",
    type: "virt,virtualization=on,gic-version=3",
    start: [
      ...["-append", hypervisorCommandLine(options, machine)],
      ...["-device", `${kernel},bootargs=${dom0.commandLine}`],
      ...["-device", `guest-loader,${below(INITRD_BELOW_END_MB)},initrd=${dom0.initrd}`],
    ],
  };
}

function hypervisorCommandLine(own: readonly string[], { hypervisorOptions }: BoardWish): string {
  // Scrubbing free memory in idle time would touch, and so allocate, all of it.
  return [...own, "bootscrub=0", ...hypervisorOptions].join(" ");
}
