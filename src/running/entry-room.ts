// The space that Xen's jump to a new body needs at a function's entry: the jump itself, after an
// ENDBR64 if the function starts with one (ABI reference §5.1).

import { ENDBR64_SIZE, startsWithEndbr64 } from "../isa/endbr64.ts";
import { JUMP_SIZE } from "../isa/jump.ts";
import type { LinkSymbol, Surroundings } from "./payload-below.ts";

/** In bytes. */
export function entryRoomOf(
  symbol: LinkSymbol,
  xen: Pick<Surroundings, "architecture" | "bytesAt">,
): number {
  const jump = JUMP_SIZE[xen.architecture];
  return isMarked(symbol, xen) ? jump + ENDBR64_SIZE : jump;
}

/** Whether it starts with ENDBR64, wherever it is defined. */
export function isMarked(
  { address, sizeBytes, code }: LinkSymbol,
  { bytesAt }: Pick<Surroundings, "bytesAt">,
): boolean {
  if (sizeBytes < ENDBR64_SIZE) return false;
  if (address !== undefined) return startsWithEndbr64(bytesAt(address, ENDBR64_SIZE));
  return code !== undefined && startsWithEndbr64(code);
}
