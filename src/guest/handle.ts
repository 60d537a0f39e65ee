// The 16 bytes that Xen keeps for each virtual machine: they tell which ones are ours.

import { randomBytes } from "node:crypto";

const OWN = Buffer.from("xsplice guest", "latin1");
const LENGTH = 16;

export const handleOfGuest = {
  /** A toolstack wants no two of the same. */
  make: (): Uint8Array => Buffer.concat([OWN, randomBytes(LENGTH - OWN.length)]),
  isOurs: (handle: Uint8Array): boolean => OWN.equals(handle.subarray(0, OWN.length)),
} as const;
