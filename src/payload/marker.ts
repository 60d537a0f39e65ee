// The applied-marker: 31 bytes that are never executed, by which one payload can ask Xen whether
// another one, with exactly this content, is applied now. It begins with int3; the payload has an entry
// for it that blanks 1 byte, so a NOP is there while the payload is applied, and revert restores the
// int3. The other 30 bytes are different for each content. So one expectation of another payload, NOP
// and those 30 bytes, checks both. x86 only: Arm patches nothing outside of the Xen image (ABI
// reference §5.4). mayCarryMarker() of xen-abi names the releases that support it. After them is a
// cover for each function that the payload replaces or adds: one more int3, which a payload that was
// built on top of this one, and replaces the same function, expects and blanks. Two such payloads
// cannot distinguish each other's jump at the function's entry from the expected one, so without the
// cover Xen would apply both, and the first one's fix would not be in force.

import { parseHex } from "../bytes/hex.ts";
import type { Architecture } from "../isa/architecture.ts";
import { mayCarryMarker } from "../xen-abi/features.ts";
import type { Release } from "../xen-abi/release.ts";
import type { SymbolMap } from "./symbol-map.ts";

/** In bytes; together with the byte before it, the size of an expectation. */
export const MARKER_ID_SIZE = 30;
export const MARKER_SIZE = 1 + MARKER_ID_SIZE;
/** int3: in the file, and in memory while the payload is not applied. */
export const MARKER_IDLE = 0xcc;
/** The NOP of one byte, the same in both of Xen's families of NOPs (ABI reference §5.2). */
export const MARKER_APPLIED = 0x90;

/** The name of its symbol, before the payload's tag is added. */
export const MARKER_NAME = "xsplice.marker";

export interface Marker {
  /** The name under which its payload exports it. */
  readonly symbol: string;
  /** MARKER_ID_SIZE bytes. */
  readonly id: Uint8Array;
  /**
   * Offset of each function's cover from `symbol`, by the name that a later payload uses to replace the
   * function.
   */
  readonly covers: ReadonlyMap<string, number>;
}

/** Whether a payload for this release gets a marker; not if the release is unknown. */
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

/** Whether an exported symbol of some payload is that of a marker or cover. */
export function isMarkerSymbol(name: string): boolean {
  return name.startsWith(`${MARKER_NAME}.`);
}

const ID_TEXT = new RegExp(`^[0-9a-f]{${MARKER_ID_SIZE * 2}}$`);
