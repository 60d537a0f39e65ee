// The largest file that is read, plain or decompressed. A wrong file, or one that decompresses without
// end, is refused before the memory is full.

/**
 * In bytes. The largest files that we open are xen-syms: some 30 MB with all debug information. A file
 * of more than eight times that size is not a xen-syms.
 */
export const ELF_SIZE_MAX = 256 * 1024 * 1024;
