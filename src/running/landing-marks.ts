// Pointers to functions of Xen that do not start with ENDBR64. Xen 4.17 and later put the mark only on
// functions that they call by pointer themselves (ABI reference §5.1, §9.6). A payload that takes the
// address of another one works on most machines, and crashes those whose CPU and Xen enforce the mark
// (CET-IBT) at the first call through the pointer.

import { SectionFlag } from "../elf/constants.ts";
import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import { IsaError } from "../isa/errors.ts";
import { X86Relocation } from "../isa/x86.ts";
import { AddressFlow, isUsedAsPointer } from "../isa/x86-address-flow.ts";
import { decodeBranches } from "../isa/x86-decode.ts";
import { isMarked } from "./entry-room.ts";
import type { FunctionPair } from "./match-functions.ts";
import type { LinkSymbol, Surroundings } from "./payload-below.ts";

/** Xen's function, and its new body. */
export type Replaced = Pick<FunctionPair, "newBody" | "xenFunction">;

/** One line for each such function; none for a Xen without marks. Symbols must be bound to Xen. */
export function pointerWarnings(
  drafts: readonly ElfDraft[],
  pairs: readonly Replaced[],
  xen: Surroundings,
): readonly string[] {
  return unmarkedPointers(drafts, pairs, xen).map(
    (name) =>
      `warning: the source takes the address of "${name}", which does not start with ENDBR64 in ` +
      "Xen: a host that enforces branch tracking (CET-IBT) crashes when it is called by pointer\n",
  );
}

/** Names, sorted. */
function unmarkedPointers(
  drafts: readonly ElfDraft[],
  pairs: readonly Replaced[],
  xen: Surroundings,
): readonly string[] {
  if (xen.architecture !== "x86_64") return [];
  const names = new Set<string>();
  for (const section of drafts.flatMap((draft) => draft.sections)) {
    if ((section.flags & SectionFlag.SHF_ALLOC) === 0n) continue;
    for (const relocation of section.relocations) {
      const meant = xenFunctionOf(relocation.symbol, pairs, xen);
      if (meant === undefined || names.has(meant.name) || isMarked(meant, xen)) continue;
      if (takesAddress(section, relocation)) names.add(meant.name);
    }
  }
  return names.size > 0 && hasMarks(xen) ? [...names].sort() : [];
}

/** A replaced function stands for Xen's own entry, to which the emitter redirects all references. */
function xenFunctionOf(
  symbol: DraftSymbol,
  pairs: readonly Replaced[],
  xen: Surroundings,
): LinkSymbol | undefined {
  if (symbol.place === "undefined") {
    const found = xen.byName.get(symbol.name);
    // What is gone after boot is allowed only where the old code had it as well, which is told.
    return found?.kind === "function" && !found.isInit ? found : undefined;
  }
  const { place, value } = symbol;
  return pairs.find(({ newBody }) => newBody.place === place && newBody.value === value)
    ?.xenFunction;
}

function takesAddress(section: DraftSection, { offset, type, addend }: DraftRelocation): boolean {
  const { R_X86_64_64, R_X86_64_PC32 } = X86Relocation;
  if (type === R_X86_64_64) return addend === 0n;
  const isCode = (section.flags & SectionFlag.SHF_EXECINSTR) !== 0n;
  if (type !== R_X86_64_PC32 || !isCode || !(section.content instanceof Uint8Array)) return false;
  try {
    const found = decodeBranches(section.content, 0).find(
      ({ displacementOffset }) => displacementOffset === offset,
    );
    if (found?.kind !== "operand") return false;
    // Code that writes a direct call only computes a distance from the address.
    const relocated = new Set(section.relocations.map((relocation) => relocation.offset));
    return isUsedAsPointer(new AddressFlow(section.content, relocated), found.offset);
  } catch (error) {
    if (error instanceof IsaError) return false; // the emitter tells, where it matters
    throw error;
  }
}

/** Whether this Xen marks the functions that it calls by pointer. */
export function hasMarks(xen: Pick<Surroundings, "byName" | "bytesAt">): boolean {
  return [...xen.byName.values()].some(
    (symbol) =>
      symbol.kind === "function" &&
      symbol.address !== undefined &&
      symbol.sizeBytes >= 4 &&
      isMarked(symbol, xen),
  );
}
