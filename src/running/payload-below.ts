// What a new payload is stacked on: the hypervisor, or payloads on it, whose files list what they added
// and replaced. Their added functions and variables have names in their symbol maps
// (payload/symbol-map.ts). Replaced functions of Xen are not in them: all code reaches those by Xen's
// own name.

import { BuilderError } from "../build-outcome/builder-error.ts";
import { parseHex, toHex } from "../bytes/hex.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { contentsOf } from "../elf/sections.ts";
import { type PayloadOrigin, readOrigin } from "../payload/made-from/origin.ts";
import { parsePayload } from "../payload/parse.ts";
import type { Payload } from "../payload/payload.ts";
import { mayIgnoreDependency, readStackingFacts } from "../payload/stacking.ts";
import { isBrought, type SymbolMapEntry } from "../payload/symbol-map.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

export interface PayloadBelow {
  readonly payload: Payload;
  /** The same file. */
  readonly object: ElfObject;
  /** Hand-written code has none, nor do payloads of other tools. */
  readonly origin: PayloadOrigin | undefined;
}

export interface Foundation {
  /** In the order in which they are applied; none for the hypervisor itself. */
  readonly payloads: readonly PayloadBelow[];
  /** A payload of which nothing else is known, and which is above all others. */
  readonly buildId: Uint8Array | undefined;
}

export const onHypervisor: Foundation = { payloads: [], buildId: undefined };

/** @throws ElfError, PayloadError; `source` is the name of the file in messages */
export function readPayloadBelow(bytes: Uint8Array, source: string): PayloadBelow {
  const payload = parsePayload(bytes, source);
  const object = openElf(bytes, source);
  return { payload, object, origin: readOrigin(object) };
}

/** Build-id of what is directly below. */
export function topmostBuildId({ payloads, buildId }: Foundation, xen: XenSyms): Uint8Array {
  const top = payloads.at(-1)?.payload.buildId;
  return buildId ?? (top === undefined ? xen.buildId : parseHex(top));
}

/**
 * Checks that Xen would apply the payloads in this order, one on top of the other.
 * @throws BuilderError builder/wrong-stack
 */
export function checkFoundation({ payloads }: Foundation, xen: XenSyms): void {
  const hypervisor = toHex(xen.buildId);
  let below = { name: `the hypervisor "${xen.source}"`, buildId: hypervisor };
  for (const { payload } of payloads) {
    const { source, depends, xenDepends = depends, buildId } = payload;
    const isAlone = mayIgnoreDependency(readStackingFacts(payload.metadata));
    if (xenDepends !== hypervisor && payload.version === 2) {
      throw wrongStack(source, `it is for the hypervisor ${xenDepends}`, hypervisor);
    }
    if (depends !== below.buildId && !(isAlone && depends === hypervisor)) {
      const state = `it depends on ${depends}, below it lies ${below.name}`;
      throw wrongStack(source, state, `a payload that depends on ${below.buildId}`);
    }
    below = { name: `"${source}"`, buildId };
  }
}

function wrongStack(source: string, state: string, expected: string): BuilderError {
  return new BuilderError({
    code: "builder/wrong-stack",
    problem: `Cannot build on top of "${source}": ${state}`,
    expected,
    remedy: "give all payloads below by --on, in the order in which they are applied",
  });
}

/** A symbol that payload code can refer to. */
export interface LinkSymbol extends Omit<XenSymbol, "address"> {
  /** `undefined` for a symbol of a payload: only Xen knows its address. */
  readonly address: bigint | undefined;
  /** The bytes of a function of a payload, from its file. */
  readonly code?: Uint8Array | undefined;
}

/** The symbols that a payload is linked against. */
export interface Surroundings extends Omit<XenSyms, "byName" | "locals"> {
  /** By the names of the source, and what payloads brought by the names that it got there as well. */
  readonly byName: ReadonlyMap<string, LinkSymbol>;
  readonly locals: ReadonlyMap<string, readonly LinkSymbol[]>;
}

/**
 * Xen's symbols and those of the payloads. Of several with one name, the latest counts. Xen's own comes
 * last: a payload never has a second copy of its functions, and of its data only a changed constant,
 * which every reader uses from then on.
 */
export function surroundingsOf(xen: XenSyms, { payloads }: Foundation): Surroundings {
  if (payloads.length === 0) return xen;
  const byName = new Map<string, LinkSymbol>(xen.byName);
  const locals = new Map<string, readonly LinkSymbol[]>(xen.locals);
  for (const { payload, object } of payloads) {
    const codeOf = codeByName(object);
    for (const entry of payload.symbolMap ?? []) {
      if (entry.kind === "renamed") addRenamed(entry, byName);
      if (!isBrought(entry)) continue;
      const { sourceName, exportedName, kind, sizeBytes } = entry;
      const bareName = sourceName.slice(sourceName.lastIndexOf("#") + 1);
      const symbol: LinkSymbol = {
        name: exportedName,
        bareName,
        address: undefined,
        sizeBytes,
        kind: kind === "data" ? "other" : "function",
        isInit: false,
        code: kind === "data" ? undefined : codeOf(exportedName),
      };
      const earlier = byName.get(sourceName);
      byName.set(exportedName, symbol);
      if (kind === "data" || !xen.byName.has(sourceName)) byName.set(sourceName, symbol);
      if (bareName === sourceName) continue;
      const namesakes = (locals.get(bareName) ?? []).filter((known) => known !== earlier);
      locals.set(bareName, [...namesakes, symbol]);
    }
  }
  return { ...xen, byName, locals };
}

function codeByName(object: ElfObject): (name: string) => Uint8Array | undefined {
  const symbols = new Map(object.symbols.map((symbol) => [symbol.name, symbol]));
  return (name) => {
    const symbol = symbols.get(name);
    const section =
      symbol?.place.kind === "section" ? object.sections[symbol.place.index] : undefined;
    if (symbol === undefined || section === undefined) return undefined;
    const start = Number(symbol.value);
    return contentsOf(object, section).subarray(start, start + Number(symbol.size));
  };
}

/** It is at its old place; the patched source of the payload has another name for it. */
function addRenamed(
  { sourceName, exportedName }: SymbolMapEntry,
  byName: Map<string, LinkSymbol>,
): void {
  const found = byName.get(exportedName);
  if (found !== undefined) byName.set(sourceName, found);
}
