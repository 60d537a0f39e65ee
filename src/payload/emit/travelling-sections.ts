// Second pass of the emitter: selects the sections of the payload. Sections without a use in the
// hypervisor are dropped (unwind tables, notes, debugging data, sections without contents); sections
// that no payload can carry are refused, with a reason in C terms. ABI reference §1.10 and §8.2.

import { hexNumber } from "../../bytes/hex.ts";
import { SectionFlag } from "../../elf/constants.ts";
import {
  type DraftSection,
  type DraftSymbol,
  type ElfDraft,
  sizeOfSection,
} from "../../elf/draft.ts";
import type { SymbolTypeName } from "../../elf/names.ts";
import type { Architecture } from "../../isa/architecture.ts";
import { canRelocate, nameOfRelocation } from "../../isa/relocate.ts";
import { refusedSections } from "../../xen-abi/sections.ts";
import { EmitError } from "./input.ts";

const { SHF_ALLOC, SHF_EXECINSTR, SHF_EXCLUDE, SHF_TLS, SHF_WRITE } = SectionFlag;

/** Unwind tables and compiler notes: allocated by compilers, never read by Xen. */
const leftBehind = /^\.(eh_frame(_hdr)?|gcc_except_table|sframe|note)(\.|$)/;

/** Sections whose contents need support by code that the hypervisor lacks. */
const unsupportedNames: readonly (readonly [RegExp, string])[] = [
  [
    /^\.(data|bss)\.percpu(\.|$)/,
    "Xen sets its per-CPU area up at boot, and a payload's variable would be outside",
  ],
  [/^\.(init|fini)(\.|$)/, "Xen runs its initialisation code once, at boot"],
  [/^\.(preinit_array|init_array|fini_array|ctors|dtors)(\.|$)/, "Xen runs no constructors"],
  [/^\.(livepatch\.|modinfo$|xsplice\.)/, "the emitter itself makes this section"],
];

/** @throws EmitError emit/unsupported, naming the first section or symbol that cannot be carried */
export function keepTravellingSections(draft: ElfDraft, architecture: Architecture): void {
  fillReferencedSections(draft);
  const kept = draft.sections.filter(travels);
  const keptSet = new Set(kept);
  for (const section of kept) {
    refuseUnsupportedSection(section, architecture);
    checkRelocations(section, keptSet, draft.machine);
  }
  draft.sections = kept;
  draft.symbols = draft.symbols.filter((symbol) => {
    if (symbol.type === "STT_FILE") return false;
    if (typeof symbol.place === "object" && !keptSet.has(symbol.place)) return false;
    refuseUnsupportedSymbol(symbol.name, symbol.type, symbol.place === "common");
    return true;
  });
}

/**
 * An alternative with an empty replacement points into an `.altinstr_replacement` that may be empty,
 * and Xen requires that the address is in that section (ABI reference §2.10). Releases before 4.17 and
 * its backports give empty sections no address, so some unused bytes are added.
 */
function fillReferencedSections({ sections }: ElfDraft): void {
  for (const { relocations } of sections.filter(travels)) {
    for (const { place } of relocations.map(({ symbol }) => symbol)) {
      if (typeof place === "string" || (place.flags & SHF_ALLOC) === 0n) continue;
      if (sizeOfSection(place) === 0) place.content = new Uint8Array(4);
    }
  }
}

function travels(section: DraftSection): boolean {
  if ((section.flags & SHF_ALLOC) === 0n || (section.flags & SHF_EXCLUDE) !== 0n) return false;
  if (section.type === "SHT_NOTE" || leftBehind.test(section.name)) return false;
  return sizeOfSection(section) > 0;
}

function checkRelocations(
  section: DraftSection,
  kept: ReadonlySet<DraftSection>,
  machine: number,
): void {
  const where = (offset: number) => `section "${section.name}", offset ${hexNumber(offset)}`;
  for (const { symbol, offset, type } of section.relocations) {
    if (!canRelocate(machine, type)) {
      throw new EmitError({
        code: "emit/unsupported",
        problem: `Cannot put a reference to "${labelOf(symbol)}" into a payload: Xen's loader does not know ${nameOfRelocation(machine, type)}`,
        where: where(offset),
        expected: "position-independent code without a global offset table",
        remedy: "compile with -fPIE and hidden visibility",
      });
    }
    if (typeof symbol.place === "string" || kept.has(symbol.place)) continue;
    throw new EmitError({
      code: "emit/unsupported",
      problem: `Cannot put a reference to "${labelOf(symbol)}" into a payload: section "${symbol.place.name}" is left out`,
      where: where(offset),
      expected: "references to code and data that Xen loads",
    });
  }
}

function labelOf({ name, place }: DraftSymbol): string {
  return name === "" && typeof place === "object" ? place.name : name;
}

function refuseUnsupportedSection(section: DraftSection, architecture: Architecture): void {
  const byName = unsupportedNames.find(([pattern]) => pattern.test(section.name));
  const writableCode = SHF_WRITE | SHF_EXECINSTR;
  if (byName !== undefined) throw unsupported(section, byName[1]);
  if (refusedSections[architecture].includes(section.name)) {
    throw unsupported(section, `Xen takes none on ${architecture}`);
  }
  if ((section.flags & writableCode) === writableCode) {
    throw unsupported(section, "Xen loads no code that is writable");
  }
  if ((section.flags & SHF_TLS) !== 0n) {
    throw unsupported(section, "Xen has no thread-local variables");
  }
}

function unsupported(section: DraftSection, reason: string): EmitError {
  return new EmitError({
    code: "emit/unsupported",
    problem: `Cannot put section "${section.name}" into a payload: ${reason}`,
    expected: "plain code, read-only data, data and zeroed data",
  });
}

function refuseUnsupportedSymbol(name: string, type: SymbolTypeName, common: boolean): void {
  const indirect = type === "STT_GNU_IFUNC";
  if (!common && !indirect) return;
  throw new EmitError({
    code: "emit/unsupported",
    problem: `Cannot put symbol "${name}" into a payload: it is ${common ? "a common symbol" : "an indirect function"}`,
    expected: common ? "objects compiled with -fno-common" : "functions without target clones",
  });
}
