// The emitter's pass that joins sections of the same kind. Compilers put every function and object into
// its own section, and Xen accepts at most 1023 of them (ABI reference §1.1): a payload with thousands
// of functions gets one section for code, one for constants, and so on. Sections whose name has a
// meaning for Xen keep it, and are joined only with sections of the same name.

import { SectionFlag } from "../../elf/constants.ts";
import {
  type DraftSection,
  type DraftSymbol,
  type ElfDraft,
  sizeOfSection,
} from "../../elf/draft.ts";
import { sectionSymbol } from "../../elf/draft-symbols.ts";
import type { SectionTypeName } from "../../elf/names.ts";
import type { Architecture } from "../../isa/architecture.ts";

/** Fills the gaps in code: int3 and, as its zero bytes mean, udf #0; never executed. */
const codePadding: Readonly<Record<Architecture, number>> = { x86_64: 0xcc, aarch64: 0 };

interface JoinedKind {
  readonly name: string;
  readonly type: SectionTypeName;
  readonly flags: bigint;
  readonly entrySize: number;
}

export function joinSections(draft: ElfDraft, architecture: Architecture): void {
  const groups = new Map<string, { readonly kind: JoinedKind; readonly parts: DraftSection[] }>();
  for (const section of draft.sections) {
    const kind = kindOf(section);
    const key = [kind.name, kind.type, kind.flags, kind.entrySize].join("\0");
    const group = groups.get(key) ?? { kind, parts: [] };
    group.parts.push(section);
    groups.set(key, group);
  }
  const padding = codePadding[architecture];
  const moves = new Map<DraftSection, Move>();
  draft.sections = [...groups.values()].map(({ kind, parts }) =>
    joinParts(kind, parts, padding, moves),
  );
  moveSymbols(draft, moves);
}

/** The new place of a part. */
interface Move {
  readonly whole: DraftSection;
  readonly offset: number;
}

const families = [".text", ".rodata", ".data", ".bss"] as const;
/** Not in `.data`: pointers, which are constant after relocation. */
const relocatedConstants = /^\.data\.rel\.ro(\.|$)/;

function kindOf({ name, type, flags, entrySize }: DraftSection): JoinedKind {
  const constant = relocatedConstants.test(name);
  const kept = flags & (SectionFlag.SHF_ALLOC | SectionFlag.SHF_WRITE | SectionFlag.SHF_EXECINSTR);
  const access = constant ? kept & ~SectionFlag.SHF_WRITE : kept;
  const merged = flags & (SectionFlag.SHF_MERGE | SectionFlag.SHF_STRINGS);
  const family = constant
    ? ".rodata"
    : families.find((prefix) => name === prefix || name.startsWith(`${prefix}.`));
  // ".rodata.f.str1.8" has the string constants of f; all of them form ".rodata.str1.8".
  const constants = merged === 0n ? "" : (/\.(str|cst)[\d.]+$/.exec(name)?.[0] ?? "");
  const joinedName = family === undefined ? name : family + constants;
  return { name: joinedName, type, flags: access | merged, entrySize };
}

function joinParts(
  kind: JoinedKind,
  parts: readonly DraftSection[],
  padding: number,
  moves: Map<DraftSection, Move>,
): DraftSection {
  const alignment = Math.max(1, ...parts.map((part) => part.alignment));
  const whole: DraftSection = { ...kind, alignment, content: { sizeBytes: 0 }, relocations: [] };
  let end = 0;
  for (const part of parts) {
    const unit = Math.max(1, part.alignment);
    const offset = Math.ceil(end / unit) * unit;
    moves.set(part, { whole, offset });
    end = offset + sizeOfSection(part);
    for (const relocation of part.relocations) {
      whole.relocations.push({ ...relocation, offset: relocation.offset + offset });
    }
  }
  if (kind.type === "SHT_NOBITS") {
    whole.content = { sizeBytes: end };
    return whole;
  }
  const code = (kind.flags & SectionFlag.SHF_EXECINSTR) !== 0n;
  const content = new Uint8Array(end).fill(code ? padding : 0);
  for (const part of parts) {
    if (part.content instanceof Uint8Array) content.set(part.content, moves.get(part)?.offset);
  }
  whole.content = content;
  return whole;
}

/** Symbols move with their sections; section symbols become one per joined section, with larger addends. */
function moveSymbols(draft: ElfDraft, moves: ReadonlyMap<DraftSection, Move>): void {
  const sectionSymbols = new Map<DraftSection, DraftSymbol>();
  const shifts = new Map<DraftSymbol, { symbol: DraftSymbol; shift: bigint }>();
  const symbols = new Set<DraftSymbol>();
  for (const symbol of draft.symbols) {
    const move = typeof symbol.place === "string" ? undefined : moves.get(symbol.place);
    if (move === undefined) {
      symbols.add(symbol);
    } else if (symbol.type === "STT_SECTION") {
      const joined = sectionSymbols.get(move.whole) ?? sectionSymbol(move.whole);
      sectionSymbols.set(move.whole, joined);
      symbols.add(joined);
      shifts.set(symbol, { symbol: joined, shift: symbol.value + BigInt(move.offset) });
    } else {
      symbol.value += BigInt(move.offset);
      symbol.place = move.whole;
      symbols.add(symbol);
    }
  }
  for (const relocation of draft.sections.flatMap((section) => section.relocations)) {
    const moved = shifts.get(relocation.symbol);
    if (moved === undefined) continue;
    relocation.symbol = moved.symbol;
    relocation.addend += moved.shift;
  }
  draft.symbols = [...symbols];
}
