// struct xen_domctl and the operations in it that make, look at and end a virtual machine: from
// xen/include/public/domctl.h. Offsets are bytes from the start of the structure. Toolstacks are
// compiled for one release; here the difference between releases is data.

import { invariant } from "../invariant.ts";

/** __HYPERVISOR_domctl: one argument, the address of the structure. */
export const HYPERVISOR_DOMCTL = 36;

/** Header of 16 bytes and a union that is padded to 128. */
export const XEN_DOMCTL_SIZE = 144;

export const XenDomctl = {
  createdomain: 1,
  destroydomain: 2,
  unpausedomain: 4,
  getdomaininfo: 5,
  shadow_op: 10,
  max_mem: 11,
  setvcpucontext: 12,
  max_vcpus: 15,
} as const;

/** Error numbers that only these calls give; all others are in errno.ts. */
export const DomctlErrno = {
  /** No such domain. */
  ESRCH: 3,
  /** Xen did a part, and asks to be called again. */
  ERESTART: 85,
} as const;

export const domctlHeader = {
  cmd: 0,
  interfaceVersion: 4,
  /** u16, IN/OUT. */
  domain: 8,
  /** Of what belongs to the operation. */
  union: 16,
} as const;

/** XEN_DOMCTL_CDF_* of `flags`. */
export const CreateFlag = { hvm: 1, hap: 2 } as const;

/** XEN_X86_EMU_*: what of a PC's hardware Xen itself emulates. */
export const EmulationFlag = { lapic: 1 } as const;

interface CreateLayout {
  readonly handle: number;
  readonly flags: number;
  readonly maxVcpus: number;
  readonly maxEventPort: number;
  readonly maxGrantFrames: number;
  readonly maxMaptrackFrames: number;
  /** From 4.16 on; the highest version of grant tables that the guest may have. */
  readonly grantOptions: number | undefined;
  readonly emulationFlags: number;
}

export interface DomctlInterface {
  /** XEN_DOMCTL_INTERFACE_VERSION. */
  readonly version: number;
  readonly create: CreateLayout;
}

const createHead = {
  handle: 20,
  flags: 36,
  maxVcpus: 44,
  maxEventPort: 48,
  maxGrantFrames: 52,
  maxMaptrackFrames: 56,
} as const;

function dialect(version: number, grantOptions: number | undefined, arch: number): DomctlInterface {
  return { version, create: { ...createHead, grantOptions, emulationFlags: arch } };
}

/** What came in between: vmtrace_size (4.15), grant_opts (4.16), cpupool_id (4.17), altp2m (4.19). */
export const domctlInterfaces: readonly DomctlInterface[] = [
  dialect(0x12, undefined, 60), // 4.13, 4.14
  dialect(0x13, undefined, 64), // 4.15
  dialect(0x14, 60, 68), // 4.16
  dialect(0x15, 60, 72), // 4.17
  dialect(0x16, 60, 72), // 4.18
  dialect(0x17, 60, 76), // 4.19, 4.20, 4.21
  dialect(0x18, 60, 76), // 4.22
];

/** struct xen_domctl_getdomaininfo, the same in all of them but for its end. */
export const domainInfoLayout = {
  /** u16. */
  domain: 0,
  flags: 4,
  /** u64. */
  pages: 8,
  /** u64, ns. */
  cpuTime: 56,
  handle: 76,
  sizeMax: 256,
} as const;

export const HANDLE_SIZE = 16;

/** XEN_DOMINF_*. */
export const DomainFlag = { dying: 1, hvm: 2, shutdown: 4, paused: 8 } as const;

const SHUTDOWN_SHIFT = 16;

/** SHUTDOWN_* of xen/include/public/sched.h. */
const shutdownReasons = [
  "poweroff",
  "reboot",
  "suspend",
  "crash",
  "watchdog",
  "soft-reset",
] as const;

export type ShutdownReason = (typeof shutdownReasons)[number];

/** Why a domain with DomainFlag.shutdown has ended. */
export function shutdownReason(flags: number): ShutdownReason {
  const reason = shutdownReasons[(flags >>> SHUTDOWN_SHIFT) & 0xff];
  invariant(reason !== undefined, `Xen has no reason for a shutdown in ${flags}`);
  return reason;
}

export const shadowOpLayout = { op: 16, /** MiB. */ megabytes: 24 } as const;
export const XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION = 31;
export const maxMemLayout = { /** u64. */ kilobytes: 16 } as const;
export const maxVcpusLayout = { count: 16 } as const;
export const setVcpuContextLayout = { vcpu: 16, context: 24 } as const;

/** struct vcpu_guest_context of xen/include/public/arch-x86/xen.h, 64-bit: what an HVM guest needs. */
export const vcpuContextLayout = {
  size: 5168,
  flags: 512,
  rip: 648,
  rflags: 664,
  rsp: 672,
} as const;

/** VGCF_online. */
export const VCPU_ONLINE = 1 << 5;
