// What a payload that is to be sat on adds to what Xen has: functions and variables that it brought,
// under the names of its symbol map (payload/symbol-map.ts). Functions of Xen that it replaced are
// not among them: everybody reaches those by Xen's own name.

import type { SymbolMap } from "../payload/symbol-map.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

export interface PayloadBelow {
  readonly buildId: Uint8Array;
  /** Payloads that others made have none. */
  readonly symbolMap: SymbolMap | undefined;
}

/** A symbol that payload code can refer to. */
export interface LinkSymbol extends Omit<XenSymbol, "address"> {
  /** `undefined` for what a payload brought: only Xen knows where that lies. */
  readonly address: bigint | undefined;
}

/** What a payload is linked against. */
export interface Surroundings extends Omit<XenSyms, "byName" | "locals"> {
  readonly byName: ReadonlyMap<string, LinkSymbol>;
  readonly locals: ReadonlyMap<string, readonly LinkSymbol[]>;
}

/** Xen's symbols and those of the payload; where both have a name, it is Xen's, as for its loader. */
export function withPayloadBelow(xen: XenSyms, below: PayloadBelow | undefined): Surroundings {
  const brought = (below?.symbolMap ?? []).filter(
    ({ kind, exportedName }) => kind !== "replacement" && kind !== "marker" && exportedName !== "",
  );
  if (brought.length === 0) return xen;
  const byName = new Map<string, LinkSymbol>(xen.byName);
  const locals = new Map<string, readonly LinkSymbol[]>(xen.locals);
  for (const { sourceName, exportedName, kind, sizeBytes } of brought) {
    const bareName = sourceName.slice(sourceName.lastIndexOf("#") + 1);
    const symbol: LinkSymbol = {
      name: exportedName,
      bareName,
      address: undefined,
      sizeBytes,
      kind: kind === "data" ? "other" : "function",
      isInit: false,
    };
    if (!byName.has(sourceName)) byName.set(sourceName, symbol);
    if (bareName === sourceName) continue;
    locals.set(bareName, [...(locals.get(bareName) ?? []), symbol]);
  }
  return { ...xen, byName, locals };
}
