// How code of the hypervisor is read that is looked at.

/** So many bytes at an address; undefined where they are not known. */
export type ReadBytes = (address: bigint, length: number) => Uint8Array | undefined;
