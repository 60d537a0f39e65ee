// Limits of live patching that hold in every release: ABI reference §1.1, §1.9.

/** Of the payload's file, in bytes. */
export const PAYLOAD_SIZE_MAX = 2 * 1024 * 1024;
/** Of one NOBITS section, in bytes; from 4.8 on. */
export const NOBITS_SIZE_MAX = 2 * 1024 * 1024;
/** Of a payload's name, in bytes, without the NUL at its end. */
export const PAYLOAD_NAME_MAX = 127;
/** Sections of a payload, the null section included. */
export const SECTION_COUNT_MAX = 1023;
/** Of one section, in bytes. Xen itself only refuses values that are not a power of two. */
export const SECTION_ALIGNMENT_MAX = 4096;
/** Bytes of a payload symbol's name that Xen keeps; longer names are truncated. */
export const PAYLOAD_SYMBOL_NAME_MAX = 126;
/** Names in Xen's own symbol table, in bytes. */
export const XEN_SYMBOL_NAME_MAX = 127;
/** Payloads that one LIST call reports. */
export const LIST_COUNT_MAX = 1024;
/** Bytes that an expectation can hold. */
export const EXPECTATION_LENGTH_MAX = 31;
/** Bytes that one NOP entry can blank. */
export const NOP_SIZE_MAX = 31;
