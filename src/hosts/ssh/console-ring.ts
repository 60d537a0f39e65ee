// Finds the new part of a text that is always the end of an endless one, as `xl dmesg` prints it.

import type { ConsoleMark, ConsoleText } from "../../host/host.ts";

/** The overlap with an older copy must be at least this long: less could be chance, and counts as lost. */
const ANCHOR_LENGTH = 64;

export function newInRing(ring: string, since: ConsoleMark | undefined): ConsoleText {
  const mark: ConsoleMark = { kind: "tail", tail: ring };
  if (since === undefined || since.kind !== "tail") return { text: ring, mark, lost: false };
  const old = since.tail;
  const overlap = overlapOf(old, ring);
  if (overlap === undefined) return { text: ring, mark, lost: old !== "" };
  return { text: ring.slice(overlap), mark, lost: false };
}

/** Length of the end of `old` with which the ring still begins. */
function overlapOf(old: string, ring: string): number | undefined {
  // Nothing is dropped yet, however short both texts are.
  if (ring.startsWith(old)) return old.length;
  const anchor = ring.slice(0, ANCHOR_LENGTH);
  if (anchor.length < ANCHOR_LENGTH) return undefined;
  for (let at = old.indexOf(anchor); at >= 0; at = old.indexOf(anchor, at + 1)) {
    if (ring.startsWith(old.slice(at))) return old.length - at;
  }
  return undefined;
}
