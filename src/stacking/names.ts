// Under which name the running hypervisor knows what a symbol of the compared objects means: the
// hypervisor's own, or the one under which a payload below brought it.

import { type LevelStep, type Trace, traceSymbol } from "../compare/trace.ts";
import type { SplitObject } from "../diff/atom.ts";
import type { ElfSymbol } from "../elf/object.ts";
import { isBrought, type SymbolMapEntry } from "../payload/symbol-map.ts";
import type { PayloadBelow } from "../running/payload-below.ts";

export interface TracedObject {
  /** One for each payload below that changed the object, the lowest first. */
  readonly steps: readonly LevelStep[];
  /** On the level that symbols are asked about. */
  readonly top: SplitObject;
}

/** What a payload brought, or renamed, under a name of the source; `undefined` when its map has no such. */
export function findBrought(
  { payload }: PayloadBelow,
  sourceName: string,
): SymbolMapEntry | undefined {
  return payload.symbolMap?.find(
    (entry) => entry.sourceName === sourceName && (isBrought(entry) || entry.kind === "renamed"),
  );
}

/** @param payloads all that lie below, the lowest first */
export function nameOfTrace(
  { home, sourceName }: Trace,
  payloads: readonly PayloadBelow[],
): string {
  switch (home.kind) {
    case "hypervisor":
      return sourceName;
    case "nowhere":
      return `${sourceName} (of the source below, in no payload)`;
    case "payload": {
      const payload = payloads[home.level];
      const found = payload && findBrought(payload, sourceName);
      const where = payload === undefined ? "" : ` "${payload.payload.source}"`;
      return found?.exportedName ?? `${sourceName} (which the payload${where} should have)`;
    }
  }
}

/** For carryChanges() and for code of the level `top`; global names of other objects stay as they are. */
export function nameOfSymbol(
  { steps, top }: TracedObject,
  symbol: ElfSymbol,
  payloads: readonly PayloadBelow[],
): string {
  if (symbol.place.kind === "section") {
    return nameOfTrace(traceSymbol(steps, top, symbol), payloads);
  }
  // The latest that brought it; for functions of the hypervisor that is nobody.
  const brought = payloads.toReversed().map((below) => findBrought(below, symbol.name));
  return brought.find((entry) => entry !== undefined)?.exportedName ?? symbol.name;
}
