// The xen_version hypercall: ABI reference §6.8. Legacy text operations return "<denied>" instead of an
// error when the security policy refuses.

/** __HYPERVISOR_xen_version: sub-operation, address of its buffer or 0. */
export const HYPERVISOR_XEN_VERSION = 17;

export const XenVersion = {
  /** No buffer; the result is major << 16 | minor. */
  version: 0,
  extraversion: 1,
  compile_info: 2,
  capabilities: 3,
  changeset: 4,
  commandline: 9,
  /** u32 capacity, then so many bytes; without a buffer the result is the length. */
  build_id: 10,
} as const;

/** Bytes of the NUL-terminated texts. */
export const xenVersionTextSizes = {
  extraversion: 16,
  capabilities: 1024,
  changeset: 64,
  commandline: 1024,
} as const;

export const compileInfoLayout = {
  compiler: { at: 0, size: 64 },
  compiledBy: { at: 64, size: 16 },
  domain: { at: 80, size: 32 },
  date: { at: 112, size: 32 },
} as const;

export const COMPILE_INFO_SIZE = 144;
