// Binary search in sorted lists.

/**
 * How many items `isBefore` holds for: all of those at the start of the list, and none of the others. So
 * this is the index of the first one for which it does not hold.
 */
export function countBefore<Item>(
  sorted: readonly Item[],
  isBefore: (item: Item) => boolean,
): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(sorted[middle] as Item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
