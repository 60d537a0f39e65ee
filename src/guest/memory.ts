// A guest's memory, by dom0's agent, in pieces of any length.

import { GUEST_BYTES_MAX } from "../agent/wire.ts";
import { hexNumber } from "../bytes/hex.ts";
import type { Lab } from "../lab/lab.ts";
import { nameOfErrno } from "../xen-abi/errno.ts";
import { GuestError } from "./errors.ts";

/** `undefined` when the guest is gone or has no memory there. */
export async function readGuestMemory(
  lab: Lab,
  domain: number,
  address: number,
  length: number,
): Promise<Uint8Array | undefined> {
  const from = { domain, address: BigInt(address) };
  const { result, output } = await lab.guard(lab.agent.readGuest(from, length));
  return result === 0 ? output : undefined;
}

/** @throws GuestError guest/memory */
export async function writeGuestMemory(
  lab: Lab,
  domain: number,
  address: number,
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length; done += GUEST_BYTES_MAX) {
    const to = { domain, address: BigInt(address + done) };
    const piece = bytes.subarray(done, done + GUEST_BYTES_MAX);
    const { result } = await lab.guard(lab.agent.writeGuest(to, piece));
    if (result === 0) continue;
    throw new GuestError({
      code: "guest/memory",
      problem: `Cannot write into the memory of guest ${domain}: dom0 answered ${nameOfErrno(-result)}`,
      where: `guest-physical address ${hexNumber(address + done)}`,
    });
  }
}
