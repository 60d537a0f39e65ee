// Relocations, applied to the payload's memory in the order of the file: ABI reference §2.8. The
// arithmetic is that of isa/; which entries are looked at, and what is refused, is decided here.

import { ByteReader } from "../../bytes/byte-reader.ts";
import { SectionType } from "../../elf/constants.ts";
import { type RawRelocation, RELA_SIZE, readRawRelocation } from "../../elf/raw.ts";
import {
  canRelocate,
  nameOfRelocation,
  type RelocationFailure,
  relocate,
} from "../../isa/relocate.ts";
import type { ErrnoName } from "../../xen-abi/errno.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { crash, type Place, type RefusalDetails, refuse } from "../verdict.ts";
import { hasFlag, type PayloadFile, type PayloadSection } from "./payload-file.ts";
import type { Placement } from "./place-sections.ts";
import type { ResolvedSymbol } from "./resolve-symbols.ts";

export interface RelocationContext {
  readonly file: PayloadFile;
  readonly xen: Hypervisor;
  readonly placement: Placement;
  readonly symbols: ReadonlyMap<number, ResolvedSymbol>;
}

export function relocateSections(context: RelocationContext): void {
  const { file, xen } = context;
  for (const section of file.sections) {
    const { sh_type, sh_info, sh_link, index } = section;
    const isTable = sh_type === SectionType.SHT_RELA || sh_type === SectionType.SHT_REL;
    if (index === 0 || !isTable || sh_info >= file.sections.length) continue;
    if (sh_info === 0) {
      crash("null-section", "relocations/section", "the relocated section is section 0", {
        section: section.name,
      });
    }
    const target = file.sections[sh_info];
    if (target === undefined || !hasFlag(target, "SHF_ALLOC")) continue;
    const details = { place: { section: section.name } };
    if (sh_link !== file.symbolTableIndex) {
      const words = `its symbols are said to be in section ${sh_link}`;
      refuse("relocations/section", "EINVAL", words, details);
    }
    if (sh_type === SectionType.SHT_REL) {
      const errno = xen.architecture === "x86_64" ? "EOPNOTSUPP" : "ENOSYS";
      refuse("relocations/type", errno, "it has relocations without addends", details);
    }
    relocateSection(context, section, target);
  }
}

function relocateSection(
  context: RelocationContext,
  table: PayloadSection,
  target: PayloadSection,
): void {
  const { sh_size, sh_entsize } = table;
  if (sh_size === 0n) return;
  if (sh_entsize < BigInt(RELA_SIZE) || sh_size % sh_entsize !== 0n) {
    const words = `${sh_size} bytes are not a whole number of entries of ${sh_entsize}`;
    refuse("relocations/section", "EINVAL", words, { place: { section: table.name } });
  }
  const reader = new ByteReader(table.bytes, table.name);
  const step = Number(sh_entsize);
  for (let at = 0; at < table.bytes.length; at += step) {
    reader.seek(at);
    const offset = Number(table.sh_offset) + at;
    applyOne(context, readRawRelocation(reader), target, at / step, {
      section: table.name,
      offset,
    });
  }
}

function applyOne(
  { xen, file, placement, symbols }: RelocationContext,
  relocation: RawRelocation,
  target: PayloadSection,
  index: number,
  place: Place,
): void {
  const { r_type, r_sym, r_offset, r_addend } = relocation;
  if (r_sym === 0) nullSymbol(xen, place);
  const symbol = symbols.get(r_sym);
  if (symbol === undefined) {
    const words = `symbol ${r_sym} of ${file.symbolCount} is wanted`;
    refuse("relocations/symbol", "EINVAL", words, { place });
  }
  const { name } = symbol.symbol;
  if (symbol.isIgnored && xen.features.has("keeps-empty-sections")) {
    const words = `symbol "${name}" lies in a section that is not loaded`;
    refuse("relocations/symbol", "EINVAL", words, { place: { ...place, symbol: name } });
  }
  const placed = placement.sections.get(target.index);
  const start = placed?.offset ?? 0;
  const field = placement.bytes.subarray(start, start + (placed ? Number(target.sh_size) : 0));
  // On Arm the place is checked before the type, and for an instruction whatever the type.
  const isOutside = xen.architecture === "aarch64" && r_offset + 4n > BigInt(field.length);
  if (isOutside)
    refuse("relocations/place", "EINVAL", `it lies outside of "${target.name}"`, { place });
  if (!canRelocate(xen.machine, r_type)) unsupportedType(xen, r_type, place);
  const request = {
    type: r_type,
    symbol: symbol.value,
    addend: r_addend,
    place: BigInt.asUintN(64, placement.base + BigInt(start) + r_offset),
  };
  // An offset beyond the section is beyond it also as a number that lost its low bits.
  const failure = relocate(xen.machine, request, field, Number(r_offset));
  if (failure === undefined) return;
  const [step, errno, words, details] = explain(failure, xen, {
    index,
    target: target.name,
    symbol: name,
    place: { ...place, symbol: name },
  });
  refuse(step, errno, words, details);
}

function nullSymbol(xen: Hypervisor, place: Place): never {
  const words = "a relocation is against symbol 0";
  if (!xen.features.has("refuses-null-symbol")) {
    crash("null-symbol", "relocations/symbol", words, place);
  }
  return refuse("relocations/symbol", "EOPNOTSUPP", words, { place });
}

function unsupportedType(xen: Hypervisor, type: number, place: Place): never {
  const words = `Xen does not know relocations ${nameOfRelocation(xen.machine, type)}`;
  const console = [`Unhandled relocation ${type}`];
  return refuse("relocations/type", "EOPNOTSUPP", words, { place, console });
}

type RelocationRefusal = readonly [
  step: "relocations/place" | "relocations/overflow" | "relocations/type",
  errno: ErrnoName,
  words: string,
  details: RefusalDetails,
];

function explain(
  failure: RelocationFailure,
  xen: Hypervisor,
  where: { readonly index: number; readonly target: string; symbol: string; readonly place: Place },
): RelocationRefusal {
  const { index, target, symbol, place } = where;
  switch (failure.kind) {
    case "outside":
      return ["relocations/place", "EINVAL", `it lies outside of "${target}"`, { place }];
    case "overflow": {
      const console = [`Overflow in relocation ${index} in .rela${target} for ${target}`];
      const words = `"${symbol}" is out of reach`;
      return ["relocations/overflow", "EOVERFLOW", words, { place, console }];
    }
    case "unsupported-type":
      return unsupportedType(xen, failure.type, place);
  }
}
