// The address of a payload: the lowest free range, with an unmapped page below, because Xen's allocator
// leaves a guard page. Addresses on a real host may differ.

import type { AddressRange } from "./boot-changes.ts";

const GUARD_SIZE = 4096n;

/** @param sizeBytes whole pages */
export function freeRange(
  window: AddressRange,
  taken: readonly AddressRange[],
  sizeBytes: number,
): bigint | undefined {
  const size = BigInt(sizeBytes);
  let start = window.start + GUARD_SIZE;
  for (const range of [...taken].sort((left, right) => (left.start < right.start ? -1 : 1))) {
    if (start + size + GUARD_SIZE <= range.start) return start;
    start = range.end + GUARD_SIZE;
  }
  return start + size <= window.end ? start : undefined;
}
