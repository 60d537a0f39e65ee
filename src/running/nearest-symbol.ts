// Addresses of the hypervisor as text.

import { hexNumber } from "../bytes/hex.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

/** `"printk"+0x1c`, after the last symbol at or before the address; the bare address before all. */
export function nearestSymbol({ byName }: XenSyms, address: bigint): string {
  let nearest: XenSymbol | undefined;
  for (const symbol of byName.values()) {
    if (symbol.address > address) continue;
    if (nearest === undefined || symbol.address > nearest.address) nearest = symbol;
  }
  if (nearest === undefined) return hexNumber(address);
  const offset = address - nearest.address;
  return offset === 0n ? `"${nearest.name}"` : `"${nearest.name}"+${hexNumber(offset)}`;
}
