// How much memory a file may take here, plain or inflated. Whoever names a wrong file, or is given
// one that inflates without end, is told so before the memory is full.

/**
 * In bytes. The largest files that we open are xen-syms: some 30 MB with all debug information. What
 * has more than eight times that is something else.
 */
export const ELF_SIZE_MAX = 256 * 1024 * 1024;
