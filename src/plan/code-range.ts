// Places in code, as payloads name them: a symbol and an offset in bytes. Two payloads conflict if they
// change or guard the same bytes.

import type { CodeRange } from "./facts-form.ts";

/**
 * Address of a symbol of the hypervisor, where it is known: two names of one place are then seen to be
 * one.
 */
export type AddressOf = (symbol: string) => bigint | undefined;

/** Each name counts as a place of its own. */
export const noAddresses: AddressOf = () => undefined;

/** The first of `left` that shares a byte with one of `right`. */
export function findCommonRange(
  left: readonly CodeRange[],
  right: readonly CodeRange[],
  addressOf: AddressOf,
): CodeRange | undefined {
  const others = bySymbol(right.map((range) => place(range, addressOf)));
  return left.find((range) => {
    const { symbol, start, sizeBytes } = place(range, addressOf);
    const end = start + BigInt(sizeBytes);
    return others.get(symbol)?.some((other) => start < endOf(other) && other.start < end);
  });
}

/** Adjacent ranges are joined, because a full guard has many entries. Grouped by symbol, ascending. */
export function joinRanges(ranges: readonly CodeRange[]): readonly CodeRange[] {
  return [...bySymbol(ranges).values()].flatMap((ofOne) => {
    const joined: CodeRange[] = [];
    for (const range of ofOne.toSorted((left, right) => (left.start < right.start ? -1 : 1))) {
      const last = joined.at(-1);
      if (last === undefined || range.start > endOf(last)) {
        joined.push(range);
        continue;
      }
      const end = endOf(range) > endOf(last) ? endOf(range) : endOf(last);
      joined[joined.length - 1] = { ...last, sizeBytes: Number(end - last.start) };
    }
    return joined;
  });
}

function endOf({ start, sizeBytes }: CodeRange): bigint {
  return start + BigInt(sizeBytes);
}

function place(range: CodeRange, addressOf: AddressOf): CodeRange {
  const address = range.symbol === undefined ? undefined : addressOf(range.symbol);
  if (address === undefined) return range;
  return { symbol: undefined, start: address + range.start, sizeBytes: range.sizeBytes };
}

function bySymbol(ranges: readonly CodeRange[]): Map<string | undefined, CodeRange[]> {
  const groups = new Map<string | undefined, CodeRange[]>();
  for (const range of ranges) {
    const group = groups.get(range.symbol);
    if (group === undefined) groups.set(range.symbol, [range]);
    else group.push(range);
  }
  return groups;
}
