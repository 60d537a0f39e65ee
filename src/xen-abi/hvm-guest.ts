// Memory and parameters of a virtual machine of the kind HVM: memory_op and hvm_op, from
// xen/include/public/memory.h, hvm/hvm_op.h and hvm/params.h.

/** __HYPERVISOR_memory_op: sub-operation, address of its structure. */
export const HYPERVISOR_MEMORY_OP = 12;
export const XENMEM_POPULATE_PHYSMAP = 6;

/** struct xen_memory_reservation. */
export const reservationLayout = {
  size: 32,
  extents: 0,
  /** u64. */
  count: 8,
  /** u32: 0 for pages of 4 KiB. */
  order: 16,
  /** u32: XENMEMF_*. */
  flags: 20,
  /** u16. */
  domain: 24,
} as const;

/** The page is only promised; Xen takes one from the guest's cache when it is touched. */
export const XENMEMF_POPULATE_ON_DEMAND = 1 << 16;

export const XENMEM_SET_POD_TARGET = 16;
/** struct xen_pod_target. */
export const podTargetLayout = { size: 40, /** u64. */ pages: 0, /** u16. */ domain: 32 } as const;

/** __HYPERVISOR_hvm_op: sub-operation, address of its structure. */
export const HYPERVISOR_HVM_OP = 34;
export const HVMOP_SET_PARAM = 0;
/** struct xen_hvm_param. */
export const hvmParamLayout = { size: 16, domain: 0, index: 4, /** u64. */ value: 8 } as const;

export const HVM_PARAM_VIRIDIAN = 9;

/** HVMPV_* of HVM_PARAM_VIRIDIAN: the parts of Microsoft's interface that Xen offers. */
export const viridianParts = {
  base: 1 << 0,
  "no-frequencies": 1 << 1,
  "time-ref-count": 1 << 2,
  "reference-tsc": 1 << 3,
  "remote-tlb-flush": 1 << 4,
  "apic-assist": 1 << 5,
  "crash-ctl": 1 << 6,
  synic: 1 << 7,
  stimer: 1 << 8,
  "hcall-ipi": 1 << 9,
  "ex-processor-masks": 1 << 10,
  "no-vp-limit": 1 << 11,
  "cpu-hotplug": 1 << 12,
} as const;

export type ViridianPart = keyof typeof viridianParts;
