// The run-time values of a payload's symbols: ABI reference §2.7.

import { SectionNumber } from "../../elf/constants.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { refuse } from "../verdict.ts";
import { hasFlag, type PayloadFile, type PayloadSymbol } from "./payload-file.ts";
import type { Placement } from "./place-sections.ts";

export interface ResolvedSymbol {
  readonly symbol: PayloadSymbol;
  readonly value: bigint;
  /** Of a section that is not loaded. */
  readonly isIgnored: boolean;
}

/** In Xen's own table first, then in what loaded payloads brought. */
export type LookUp = (name: string) => bigint | undefined;

/** By index of the symbol. */
export function resolveSymbols(
  file: PayloadFile,
  placement: Placement,
  lookUp: LookUp,
): ReadonlyMap<number, ResolvedSymbol> {
  return new Map(
    file.symbols.map((symbol) => [symbol.index, resolve(symbol, file, placement, lookUp)]),
  );
}

/** The lookup that Xen makes; an address of 0 counts as not found. */
export function xenLookUp(xen: Hypervisor, brought: LookUp): LookUp {
  return (name) => xen.lookup(name) || brought(name) || undefined;
}

function resolve(
  symbol: PayloadSymbol,
  file: PayloadFile,
  placement: Placement,
  lookUp: LookUp,
): ResolvedSymbol {
  const { st_shndx, st_value, name } = symbol;
  const place = { symbol: name, offset: symbol.fileOffset };
  const step = "symbols/resolve";
  if (st_shndx === SectionNumber.SHN_COMMON) {
    refuse(step, "EINVAL", `symbol "${name}" lies in a common block`, { place });
  }
  if (st_shndx === SectionNumber.SHN_UNDEF) {
    const value = name === "" ? undefined : lookUp(name);
    if (value !== undefined) return { symbol, value, isIgnored: false };
    const console = [`Unknown symbol: ${name}`];
    refuse(step, "ENOENT", `nothing provides a symbol "${name}"`, { place, console });
  }
  if (st_shndx === SectionNumber.SHN_ABS) return { symbol, value: st_value, isIgnored: false };
  if (st_shndx >= SectionNumber.SHN_LORESERVE) {
    refuse(step, "EOPNOTSUPP", `symbol "${name}" has the special section ${st_shndx}`, { place });
  }
  const section = file.sections[st_shndx];
  if (section === undefined) {
    return refuse(step, "EINVAL", `symbol "${name}" lies in section ${st_shndx}`, { place });
  }
  if (!hasFlag(section, "SHF_ALLOC")) return { symbol, value: st_value, isIgnored: true };
  // An empty section without a place counts from 0.
  const placed = placement.sections.get(st_shndx);
  const start = placed === undefined ? 0n : placement.base + BigInt(placed.offset);
  return { symbol, value: BigInt.asUintN(64, start + st_value), isIgnored: false };
}
