// In which functions of a hypervisor a vCPU may sleep, with its frames copied aside (xen-abi/rendezvous.ts). No CPU
// stands in them then, and nothing tells how long it takes. Found by direct calls and jumps, back from where it
// sleeps: who leads there by pointers alone, as the emulator does, is not found.

import { findColdParent } from "../elf/cold-part.ts";
import { NEAR_DISTANCE_SIZE, nearBranchAt } from "../isa/x86-near-branch.ts";
import { SLEEP_FUNCTION } from "../xen-abi/rendezvous.ts";
import type { ImageFunction, StandingImage } from "./where-cpus-stand.ts";

/** By the names of Xen's table. */
export function whereVcpusSleep(image: Omit<StandingImage, "release">): ReadonlySet<string> {
  const work = image.functions.filter(({ name }) => name === SLEEP_FUNCTION);
  if (work.length === 0) return new Set();
  const callers = callersByEntry(image);
  const sleeping = new Set<string>();
  const seen = new Set(work);
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    sleeping.add(findColdParent(next.name) ?? next.name);
    for (const caller of callers.get(next.address) ?? []) {
      if (seen.has(caller)) continue;
      seen.add(caller);
      work.push(caller);
    }
  }
  return sleeping;
}

/** A target's low bits tell of nearly every distance that it leads to no function. */
const LOW_BITS = 0xfffff;

/** Who calls or jumps to a function. All code is read once; each byte may begin a distance. */
function callersByEntry({
  functions,
  bytesAt,
}: Omit<StandingImage, "release">): ReadonlyMap<bigint, readonly ImageFunction[]> {
  const entries = new Map(functions.map(({ address }) => [address, new Set<ImageFunction>()]));
  const mayBeEntry = new Uint8Array(LOW_BITS + 1);
  for (const address of entries.keys()) mayBeEntry[Number(address & BigInt(LOW_BITS))] = 1;
  for (const caller of functions) {
    const code = caller.sizeBytes === 0 ? undefined : bytesAt(caller.address, caller.sizeBytes);
    if (code === undefined) continue;
    const low = Number(caller.address & BigInt(LOW_BITS));
    let distance = 0;
    for (let at = 0; at < code.length; at++) {
      // The last four bytes; as a distance, they count from their end.
      distance = (distance >>> 8) | ((code[at] as number) << 24);
      if (mayBeEntry[(low + at + 1 + distance) & LOW_BITS] !== 1) continue;
      if (nearBranchAt(code, at + 1 - NEAR_DISTANCE_SIZE) === undefined) continue;
      entries.get(caller.address + BigInt(at + 1 + distance))?.add(caller);
    }
  }
  return new Map([...entries].map(([address, callers]) => [address, [...callers]]));
}
