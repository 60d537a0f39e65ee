// Encodes and decodes the calls that make, look at and end a virtual machine. Pure.

import { invariant } from "../invariant.ts";
import {
  CreateFlag,
  DomainFlag,
  type DomctlInterface,
  domainInfoLayout,
  domctlHeader,
  EmulationFlag,
  HANDLE_SIZE,
  HYPERVISOR_DOMCTL,
  maxMemLayout,
  maxVcpusLayout,
  type ShutdownReason,
  setVcpuContextLayout,
  shadowOpLayout,
  shutdownReason,
  VCPU_ONLINE,
  vcpuContextLayout,
  XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION,
  XEN_DOMCTL_SIZE,
  XenDomctl,
} from "../xen-abi/domctl.ts";
import {
  HVMOP_SET_PARAM,
  HYPERVISOR_HVM_OP,
  HYPERVISOR_MEMORY_OP,
  hvmParamLayout,
  podTargetLayout,
  reservationLayout,
  XENMEM_POPULATE_PHYSMAP,
  XENMEM_SET_POD_TARGET,
  XENMEMF_POPULATE_ON_DEMAND,
} from "../xen-abi/hvm-guest.ts";
import {
  domainListLayout,
  HYPERVISOR_SYSCTL,
  headerLayout,
  XEN_SYSCTL_SIZE,
  XenSysctl,
} from "../xen-abi/sysctl.ts";
import { ArenaBuilder, ArenaReader } from "./arena.ts";
import type { Hypercall } from "./transport.ts";

/** DOMID_INVALID's neighbour would be a mistake; 0 has Xen choose. */
const XEN_CHOOSES = 0;
const EVENT_PORT_MAX = 1023;
const GRANT_FRAMES_MAX = 32;
const MAPTRACK_FRAMES_MAX = 1024;
const GRANT_TABLE_VERSION_MAX = 2;

export interface DomainInfo {
  readonly domain: number;
  readonly handle: Uint8Array;
  readonly isDying: boolean;
  /** Why it has ended; `undefined` while it lives. */
  readonly shutdown: ShutdownReason | undefined;
  readonly memoryPages: number;
  readonly cpuTimeNs: bigint;
}

function domctl({ version }: DomctlInterface, cmd: number, domain: number): ArenaBuilder {
  const arena = new ArenaBuilder(XEN_DOMCTL_SIZE);
  arena.u32(domctlHeader.cmd, cmd).u32(domctlHeader.interfaceVersion, version);
  return arena.u16(domctlHeader.domain, domain);
}

function domctlCall(arena: ArenaBuilder): Hypercall {
  return arena.build(HYPERVISOR_DOMCTL, [{ arenaOffset: 0 }]);
}

/** An HVM guest of one processor, with a local APIC and no other hardware. */
export function createDomainCall(
  dialect: DomctlInterface,
  { handle, paging }: { readonly handle: Uint8Array; readonly paging: "hap" | "shadow" },
): Hypercall {
  invariant(handle.length === HANDLE_SIZE, "a domain's handle has 16 bytes");
  const { create } = dialect;
  const arena = domctl(dialect, XenDomctl.createdomain, XEN_CHOOSES);
  for (const [index, byte] of handle.entries()) arena.u8(create.handle + index, byte);
  arena.u32(create.flags, CreateFlag.hvm | (paging === "hap" ? CreateFlag.hap : 0));
  arena.u32(create.maxVcpus, 1).u32(create.maxEventPort, EVENT_PORT_MAX);
  arena.u32(create.maxGrantFrames, GRANT_FRAMES_MAX);
  arena.u32(create.maxMaptrackFrames, MAPTRACK_FRAMES_MAX);
  if (create.grantOptions !== undefined) arena.u32(create.grantOptions, GRANT_TABLE_VERSION_MAX);
  return domctlCall(arena.u32(create.emulationFlags, EmulationFlag.lapic));
}

/** The number that Xen chose. */
export function readCreated(output: Uint8Array): number {
  return new ArenaReader(output).u16(domctlHeader.domain);
}

export function simpleCall(
  dialect: DomctlInterface,
  operation: "destroydomain" | "unpausedomain",
  domain: number,
): Hypercall {
  return domctlCall(domctl(dialect, XenDomctl[operation], domain));
}

/** Up to 4.17 Xen answers with the next domain where there is none of this number. */
export function domainInfoCall(dialect: DomctlInterface, domain: number): Hypercall {
  return domctlCall(domctl(dialect, XenDomctl.getdomaininfo, domain));
}

export function readDomainInfo(output: Uint8Array): DomainInfo {
  return readInfo(output, domctlHeader.union);
}

/** Asks for the first domain whose number is not below this one. */
export function nextDomainCall(sysctlVersion: number, first: number): Hypercall {
  const arena = new ArenaBuilder(XEN_SYSCTL_SIZE);
  arena.u32(headerLayout.cmd, XenSysctl.getdomaininfolist);
  arena.u32(headerLayout.interfaceVersion, sysctlVersion);
  arena.u16(domainListLayout.first, first).u32(domainListLayout.max, 1);
  arena.output(domainListLayout.buffer, domainInfoLayout.sizeMax);
  return arena.build(HYPERVISOR_SYSCTL, [{ arenaOffset: 0 }]);
}

/** `undefined` when there is none. */
export function readNextDomain(output: Uint8Array): DomainInfo | undefined {
  const count = new ArenaReader(output).u32(domainListLayout.count);
  return count === 0 ? undefined : readInfo(output, XEN_SYSCTL_SIZE);
}

function readInfo(output: Uint8Array, at: number): DomainInfo {
  const reader = new ArenaReader(output);
  const flags = reader.u32(at + domainInfoLayout.flags);
  return {
    domain: reader.u16(at + domainInfoLayout.domain),
    handle: reader.bytes(at + domainInfoLayout.handle, HANDLE_SIZE).slice(),
    isDying: (flags & DomainFlag.dying) !== 0,
    shutdown: (flags & DomainFlag.shutdown) === 0 ? undefined : shutdownReason(flags),
    memoryPages: Number(reader.u64(at + domainInfoLayout.pages)),
    cpuTimeNs: reader.u64(at + domainInfoLayout.cpuTime),
  };
}

export function maxVcpusCall(dialect: DomctlInterface, domain: number): Hypercall {
  const arena = domctl(dialect, XenDomctl.max_vcpus, domain);
  return domctlCall(arena.u32(maxVcpusLayout.count, 1));
}

/** Memory of the hypervisor for the guest's page tables. */
export function pagingMemoryCall(
  dialect: DomctlInterface,
  domain: number,
  megabytes: number,
): Hypercall {
  const arena = domctl(dialect, XenDomctl.shadow_op, domain);
  arena.u32(shadowOpLayout.op, XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION);
  return domctlCall(arena.u32(shadowOpLayout.megabytes, megabytes));
}

export function maxMemoryCall(
  dialect: DomctlInterface,
  domain: number,
  kilobytes: number,
): Hypercall {
  const arena = domctl(dialect, XenDomctl.max_mem, domain);
  return domctlCall(arena.u64(maxMemLayout.kilobytes, BigInt(kilobytes)));
}

/** Where the processor begins: in flat 32-bit mode, without paging. */
export function startAtCall(dialect: DomctlInterface, domain: number, entry: number): Hypercall {
  const context = new DataView(new ArrayBuffer(vcpuContextLayout.size));
  context.setBigUint64(vcpuContextLayout.flags, BigInt(VCPU_ONLINE), true);
  context.setBigUint64(vcpuContextLayout.rip, BigInt(entry), true);
  context.setBigUint64(vcpuContextLayout.rflags, 2n, true);
  const arena = domctl(dialect, XenDomctl.setvcpucontext, domain);
  return domctlCall(arena.input(setVcpuContextLayout.context, new Uint8Array(context.buffer)));
}

export interface PageRange {
  readonly first: number;
  readonly count: number;
}

/** The call's result is how many of the pages there are now. */
export function populateCall(
  domain: number,
  { first, count }: PageRange,
  when: "now" | "on-demand",
): Hypercall {
  const frames = new BigUint64Array(count).map((_, index) => BigInt(first + index));
  const arena = new ArenaBuilder(reservationLayout.size);
  arena.u64(reservationLayout.count, BigInt(count)).u16(reservationLayout.domain, domain);
  if (when === "on-demand") arena.u32(reservationLayout.flags, XENMEMF_POPULATE_ON_DEMAND);
  arena.input(reservationLayout.extents, new Uint8Array(frames.buffer));
  return arena.build(HYPERVISOR_MEMORY_OP, [
    { value: BigInt(XENMEM_POPULATE_PHYSMAP) },
    { arenaOffset: 0 },
  ]);
}

/** How many pages a guest with promised ones really gets. */
export function podTargetCall(domain: number, pages: number): Hypercall {
  const arena = new ArenaBuilder(podTargetLayout.size);
  arena.u64(podTargetLayout.pages, BigInt(pages)).u16(podTargetLayout.domain, domain);
  return arena.build(HYPERVISOR_MEMORY_OP, [
    { value: BigInt(XENMEM_SET_POD_TARGET) },
    { arenaOffset: 0 },
  ]);
}

export function setParamCall(domain: number, index: number, value: bigint): Hypercall {
  const arena = new ArenaBuilder(hvmParamLayout.size);
  arena.u16(hvmParamLayout.domain, domain).u32(hvmParamLayout.index, index);
  return arena
    .u64(hvmParamLayout.value, value)
    .build(HYPERVISOR_HVM_OP, [{ value: BigInt(HVMOP_SET_PARAM) }, { arenaOffset: 0 }]);
}
