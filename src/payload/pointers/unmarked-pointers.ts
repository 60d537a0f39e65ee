// Pointers to functions of the payload that do not start with ENDBR64. A hypervisor that tracks indirect
// branches (CET-IBT) dies when somebody calls such a function through the pointer. Tables that Xen jumps
// by itself are no pointers: code.ts leaves them out. Of what is called directly, the distance may be
// computed, for a call that is written elsewhere: that takes no address.

import type { DraftSection, DraftSymbol } from "../../elf/draft.ts";
import { startsWithEndbr64 } from "../../isa/endbr64.ts";
import { isUsedAsPointer } from "../../isa/x86-address-flow.ts";
import { withoutTag } from "../emit/tag.ts";
import { isCode, type PayloadCode } from "./code.ts";
import type { TakenAddress } from "./take-addresses.ts";

export interface UnmarkedPointer {
  /** Of the function, without its tag. */
  readonly name: string;
  /** Where its address is taken first. */
  readonly section: DraftSection;
  readonly offset: number;
}

/** One for each function. */
export function findUnmarkedPointers(
  addresses: readonly TakenAddress[],
  payload: PayloadCode,
): readonly UnmarkedPointer[] {
  const found = new Map<DraftSymbol, UnmarkedPointer>();
  for (const taken of addresses) {
    const symbol = unmarkedFunction(taken, payload);
    if (symbol === undefined || found.has(symbol)) continue;
    const code = taken.by === "instruction" ? payload.codeOf(taken.section) : undefined;
    if (code !== undefined && !isUsedAsPointer(code.flow, taken.offset)) continue;
    const { section, offset } = taken;
    found.set(symbol, { name: withoutTag(symbol.name), section, offset });
  }
  return [...found.values()];
}

function unmarkedFunction({ target }: TakenAddress, payload: PayloadCode): DraftSymbol | undefined {
  const { section, offset } = target;
  const { content } = section;
  if (!isCode(section) || !(content instanceof Uint8Array)) return undefined;
  const symbol = payload.symbolAt(target);
  const isEntry = symbol?.type === "STT_FUNC" && Number(symbol.value) === offset;
  return isEntry && !startsWithEndbr64(content.subarray(offset)) ? symbol : undefined;
}
