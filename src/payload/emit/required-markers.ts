// What a payload requires of the markers of payloads below it (marker.ts): that they are applied, with
// exactly this content, and that no other payload is stacked on the functions that it replaces or calls.

import type { DraftSymbol } from "../../elf/draft.ts";
import { MARKER_APPLIED, MARKER_IDLE } from "../marker.ts";
import type { GuardBytes, RequiredPayload } from "./input.ts";
import type { TableEntry } from "./table-entry.ts";

/** Compared by Xen at the other payload's marker: applied, and with this content. */
export function guardsOfRequired({ buildId, marker }: RequiredPayload): readonly GuardBytes[] {
  if (marker === undefined) return [];
  const label = `payload ${buildId}, applied`;
  const bytes = Uint8Array.of(MARKER_APPLIED, ...marker.id);
  return [{ label, oldName: marker.symbol, oldOffset: 0, bytes }];
}

/** A cover that the payload claims: which function it replaces, on top of which payload. */
export interface NeededCover {
  readonly label: string;
  readonly markerSymbol: string;
  /** Offset in bytes. */
  readonly offset: number;
}

/**
 * Of the uppermost payload that replaces the function, among those whose application Xen itself
 * verifies; where a chain of build-ids leads to it, no payload can be in between.
 * @param replaced names of functions in Xen
 */
export function neededCovers(
  replaced: readonly string[],
  requires: readonly RequiredPayload[],
): readonly NeededCover[] {
  return replaced.flatMap((functionName): NeededCover[] => {
    const below = requires.findLast(({ marker }) => marker?.covers.has(functionName));
    const offset = below?.marker?.covers.get(functionName);
    if (below?.marker === undefined || offset === undefined) return [];
    const label = coverLabel(below.buildId, functionName);
    return [{ label, markerSymbol: below.marker.symbol, offset }];
  });
}

/** No other payload may be stacked on these functions, which the payload calls and does not replace. */
export function guardsOfUncovered(
  called: readonly string[],
  requires: readonly RequiredPayload[],
): readonly GuardBytes[] {
  return neededCovers(called, requires).map(({ label, markerSymbol, offset }) => {
    return { label, oldName: markerSymbol, oldOffset: offset, bytes: Uint8Array.of(MARKER_IDLE) };
  });
}

/** Blanks the cover while the payload is applied, and requires that it is not blank before. */
export function coverTableEntry(label: string, marker: DraftSymbol, offset: number): TableEntry {
  return {
    label,
    oldFunction: marker,
    oldOffset: offset,
    oldSizeBytes: 1,
    becomes: 1,
    expectation: Uint8Array.of(MARKER_IDLE),
  };
}

/** The label that Xen prints for a cover that is blank already. */
function coverLabel(buildId: string, functionName: string): string {
  return `payload ${buildId}, uncovered ${functionName}`;
}

/** Parses the label of a cover: on top of which payload, and of which function there. */
export function readCoverLabel(
  label: string,
): { readonly buildId: string; readonly functionName: string } | undefined {
  const [, buildId, functionName] = /^payload ([0-9a-f]+), uncovered (.+)$/.exec(label) ?? [];
  return buildId === undefined || functionName === undefined
    ? undefined
    : { buildId, functionName };
}
