// The applied-marker: 31 bytes of code that nobody runs, by which one payload can ask Xen whether
// another one, with exactly this content, is applied now. It begins with int3; the payload's own
// entry for it says "blank 1 byte", so while the payload is applied a NOP stands there, and revert
// puts the int3 back. Behind it are 30 bytes that are different for each content. So one expectation
// of another payload, NOP and those 30 bytes, says both. x86 only: Arm patches nothing outside of
// the Xen image (ABI reference §5.4). Which releases stand it: mayCarryMarker() of xen-abi.
//
// Behind them is a cover for each function that the payload replaces or brings: one more int3, which a
// payload that was built on top of this one, and replaces the same function, expects and blanks. At the
// function's entry two of those cannot tell each other's jump from the one that they expect, so without
// the cover Xen would apply both, and the first one's fix be out of force.

import { parseHex } from "../bytes/hex.ts";
import type { Architecture } from "../isa/architecture.ts";
import { mayCarryMarker } from "../xen-abi/features.ts";
import type { Release } from "../xen-abi/release.ts";
import type { SymbolMap } from "./symbol-map.ts";

/** In bytes; with the byte in front of it, as much as an expectation holds. */
export const MARKER_ID_SIZE = 30;
export const MARKER_SIZE = 1 + MARKER_ID_SIZE;
/** int3: what the file has, and memory while the payload is not applied. */
export const MARKER_IDLE = 0xcc;
/** The NOP of one byte, the same in both of Xen's families of NOPs (ABI reference §5.2). */
export const MARKER_APPLIED = 0x90;

/** Of its symbol, before the payload's tag is added. */
export const MARKER_NAME = "xsplice.marker";

export interface Marker {
  /** As the payload that carries it exports it. */
  readonly symbol: string;
  /** MARKER_ID_SIZE bytes. */
  readonly id: Uint8Array;
  /** Where a function's cover is, by the name that a later payload replaces it by; bytes from `symbol` on. */
  readonly covers: ReadonlyMap<string, number>;
}

/** Whether a payload for this release gets one; none where nobody knows the release. */
export function markerFor(
  release: Release | undefined,
  architecture: Architecture,
): "carried" | "none" {
  return release !== undefined && mayCarryMarker(release, architecture) ? "carried" : "none";
}

/** The marker of a payload, from its symbol map; `undefined` when it has none. */
export function markerOf(map: SymbolMap): Marker | undefined {
  const entry = map.find(({ kind, sizeBytes, sourceName }) => {
    return kind === "marker" && sizeBytes === MARKER_SIZE && ID_TEXT.test(sourceName);
  });
  if (entry === undefined) return undefined;
  const { exportedName: symbol } = entry;
  const covers = map.filter(
    ({ kind, exportedName }) => kind === "cover" && exportedName === symbol,
  );
  return {
    symbol,
    id: parseHex(entry.sourceName),
    covers: new Map(covers.map(({ sourceName, exportedOffset }) => [sourceName, exportedOffset])),
  };
}

/** Whether a symbol that some payload exports is that of a marker, covers included. */
export function isMarkerSymbol(name: string): boolean {
  return name.startsWith(`${MARKER_NAME}.`);
}

const ID_TEXT = new RegExp(`^[0-9a-f]{${MARKER_ID_SIZE * 2}}$`);
