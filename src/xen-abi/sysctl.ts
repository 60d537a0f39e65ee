// struct xen_sysctl and the operations in it that xSplice uses: readconsole, getdomaininfolist, livepatch_op.
// Offsets are bytes from the start of the structure: ABI reference §6.1 and §6.3; readconsole from
// xen/include/public/sysctl.h, unchanged since long before 4.7. Integers are little-endian,
// handles are 64-bit addresses.

import type { AbiFamily } from "./release.ts";

/** __HYPERVISOR_sysctl: one argument, the address of the structure. */
export const HYPERVISOR_SYSCTL = 35;

/** The same in every release; Xen reads and writes back all of it. */
export const XEN_SYSCTL_SIZE = 136;

export const XenSysctl = { readconsole: 1, getdomaininfolist: 6, livepatch_op: 27 } as const;

export const LivepatchOp = { UPLOAD: 0, GET: 1, LIST: 2, ACTION: 3 } as const;

export const LivepatchAction = { UNLOAD: 1, REVERT: 2, APPLY: 3, REPLACE: 4 } as const;

export const LivepatchState = { CHECKED: 1, APPLIED: 2 } as const;

/** LIVEPATCH_ACTION_APPLY_NODEPS in `flags` of ACTION, families B and C. */
export const LIVEPATCH_ACTION_APPLY_NODEPS = 1;

/** {state u32, rc i32} of GET and LIST. */
export const LIVEPATCH_STATUS_SIZE = 8;

export const headerLayout = { cmd: 0, interfaceVersion: 4 } as const;

export const readconsoleLayout = {
  /** u8: empty the ring afterwards. */
  clear: 8,
  /** u8: start at `index`. */
  incremental: 9,
  /** u32 IN/OUT: counts every character since boot, modulo 2³²; OUT is after the last one read. */
  index: 12,
  buffer: 16,
  /** u32 IN/OUT. */
  count: 24,
} as const;

export const domainListLayout = {
  /** u16: those with smaller numbers are left out. */
  first: 8,
  /** u32: how many the buffer takes. */
  max: 12,
  buffer: 16,
  /** u32 OUT. */
  count: 24,
} as const;

/** Head of every livepatch_op, and the name block of UPLOAD, GET and ACTION. */
export const livepatchLayout = {
  op: 8,
  /** u32: 0; from 4.19 on it is `flags`, of which xSplice sends none. */
  flags: 12,
  nameHandle: 16,
  /** u16: length with the NUL. */
  nameSize: 24,
} as const;

export const uploadLayout = { /** u64. */ size: 32, payload: 40 } as const;

export const getLayout = { /** OUT. */ state: 32, /** OUT, i32. */ rc: 36 } as const;

/** `flags` and the padding after it are not read by family A. */
export const actionLayout = { cmd: 32, /** u32, ns. */ timeout: 36, flags: 40, pad: 44 } as const;

export interface ListLayout {
  /** OUT; changes with every upload and unload. */
  readonly version: number;
  readonly index: number;
  /** IN: capacity in entries; OUT: how many remain. */
  readonly count: number;
  /** OUT, and IN in family C: bytes of all names and of all metadata. */
  readonly totals: { readonly names: number; readonly metadata: number } | undefined;
  readonly status: number;
  readonly name: number;
  /** u32 each. */
  readonly nameLength: number;
  readonly metadata: { readonly bytes: number; readonly length: number } | undefined;
}

const listHead = { version: 16, index: 20, count: 24 } as const;

const listWithMetadata: ListLayout = {
  ...listHead,
  totals: { names: 32, metadata: 36 },
  status: 40,
  name: 48,
  nameLength: 56,
  metadata: { bytes: 64, length: 72 },
};

export const listLayouts: Readonly<Record<AbiFamily, ListLayout>> = {
  A: { ...listHead, totals: undefined, status: 32, name: 40, nameLength: 48, metadata: undefined },
  B: listWithMetadata,
  C: listWithMetadata,
};
