// The 16 bytes that Xen keeps for each virtual machine: they tell which ones are ours.

const OWN = Buffer.from("xsplice guest\0\0\0", "latin1");

export const handleOfGuest = {
  make: (): Uint8Array => Uint8Array.from(OWN),
  isOurs: (handle: Uint8Array): boolean => OWN.equals(handle),
} as const;
