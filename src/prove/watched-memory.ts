// Memory of the hypervisor that a trigger's description names, read from outside of the emulated
// computer. Where the description looks behind a variable, no other one may lie there: what Xen itself
// writes shows nothing.

import { readFileSync } from "node:fs";
import { toHex } from "../bytes/hex.ts";
import type { Lab } from "../lab/lab.ts";
import { readXenSyms, type XenSymbol, type XenSyms } from "../running/xen-syms.ts";
import { ProveError } from "./errors.ts";
import type { Hole, Trigger } from "./trigger.ts";

type MemoryHole = Extract<Hole, { readonly kind: "memory" }>;

export type WatchedPlace =
  | { readonly kind: "place"; readonly address: bigint; readonly length: number }
  /** Nothing can be seen there, which `words` says. */
  | { readonly kind: "none"; readonly words: string };

/** Where the bytes lie in this build of Xen. Pure. */
export function placeOf(
  hole: MemoryHole,
  { byName, locals }: Pick<XenSyms, "byName" | "locals">,
): WatchedPlace {
  const symbol = byName.get(hole.symbol) ?? locals.get(hole.symbol)?.[0];
  if (symbol === undefined) {
    return { kind: "none", words: `${hole.symbol}, which this hypervisor does not have` };
  }
  const address = symbol.address + BigInt(hole.offset);
  const length = hole.becomes.length / 2;
  const owner = ownerOf(address, length, [...byName.values(), ...[...locals.values()].flat()]);
  if (owner !== undefined && owner.address !== symbol.address) {
    const words = `room behind ${hole.symbol}: in this build, ${owner.name} lies there, which Xen itself may write`;
    return { kind: "none", words };
  }
  return { kind: "place", address, length };
}

function ownerOf(
  address: bigint,
  length: number,
  symbols: readonly XenSymbol[],
): XenSymbol | undefined {
  const end = address + BigInt(length);
  return symbols.find((one) => one.address < end && address < one.address + BigInt(one.sizeBytes));
}

/** In hex. */
export async function readPlace(
  lab: Lab,
  { address, length }: Extract<WatchedPlace, { readonly kind: "place" }>,
): Promise<string> {
  return toHex(await lab.readHypervisor(address, length));
}

/** `undefined` for triggers that show their hole otherwise. */
export function watchedPlace(trigger: Trigger, lab: Lab): WatchedPlace | undefined {
  const { hole } = trigger.text;
  return hole.kind === "memory" ? placeOf(hole, symbolsOf(lab)) : undefined;
}

/** @throws ProveError prove/bad-trigger when the lab's hypervisor has no symbols */
export function symbolsOf(lab: Lab): XenSyms {
  const { symbols } = lab.info;
  if (symbols !== undefined) return readXenSyms(readFileSync(symbols), symbols);
  throw new ProveError({
    code: "prove/bad-trigger",
    problem: `Cannot use this trigger on ${lab.label}: it has to know the hypervisor's symbols`,
    remedy: "name them with --xen-syms",
  });
}
