// What the pointers in a payload's tables point at. In the file most are 0 with a relocation; Xen
// overwrites whatever lies there with symbol + addend (ABI reference §2.8).

import { ByteReader } from "../bytes/byte-reader.ts";
import { hexNumber } from "../bytes/hex.ts";
import { describePlace } from "../elf/errors.ts";
import type {
  ElfObject,
  ElfSymbol,
  Relocation,
  Section,
  SectionIndex,
  SymbolList,
} from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf } from "../elf/sections.ts";
import { Aarch64Relocation } from "../isa/aarch64.ts";
import type { Architecture } from "../isa/architecture.ts";
import { nameOfRelocation } from "../isa/relocate.ts";
import { X86Relocation } from "../isa/x86.ts";
import type { Findings } from "./finding.ts";
import type { Target } from "./payload.ts";

/** Of an entry's name, in bytes; names in Xen's own table have 127 at most. */
const TEXT_SIZE_MAX = 4096;

/** The relocation that fills a whole pointer. */
export const pointerRelocation: Readonly<Record<Architecture, number>> = {
  x86_64: X86Relocation.R_X86_64_64,
  aarch64: Aarch64Relocation.R_AARCH64_ABS64,
};

/** A payload that is being looked at, and what was found wrong so far. */
export interface PayloadFile {
  readonly object: ElfObject;
  readonly architecture: Architecture;
  readonly findings: Findings;
  readonly symbols: SymbolList;
  /** Names of what starts at a place; see namedStarts(). */
  readonly names: ReadonlyMap<string, string>;
}

/** The pointers of one section, by their offset into it. */
export interface PointerTable {
  readonly section: Section;
  readonly reader: ByteReader;
  /** `undefined` for a null pointer, and for one that cannot be told (with a finding). */
  readonly target: (offset: number) => Target | undefined;
  /** The NUL-terminated text that a pointer points at; `undefined` when there is none, or no end. */
  readonly text: (offset: number) => string | undefined;
}

export function readPointers(file: PayloadFile, section: Section): PointerTable {
  const { object, findings } = file;
  const relocations = new Map<number, Relocation>();
  for (const relocation of findings.attempt(() => relocationsOf(object, section), [])) {
    // Of two at one place the later one wins, as in Xen.
    relocations.set(relocation.offset, relocation);
  }
  const reader = new ByteReader(contentsOf(object, section), object.source);
  const follow = (offset: number): Followed | undefined => {
    const relocation = relocations.get(offset);
    if (relocation !== undefined) return followRelocation(file, section, relocation);
    reader.seek(offset);
    const address = reader.u64("pointer");
    return address === 0n ? undefined : { target: { kind: "address", address }, own: undefined };
  };
  return {
    section,
    reader,
    target: (offset) => follow(offset)?.target,
    text: (offset) => textAt(object, follow(offset)),
  };
}

/** Where a finding is: `offset` into a section, as an offset into the file. */
export function whereIn(file: PayloadFile, section: Section, offset?: number): string {
  const { source } = file.object;
  if (offset === undefined) return describePlace({ source, section });
  return describePlace({ source, section, offset: section.offset + offset });
}

/** Keys are made by placeKey(); a function's or object's name goes before that of a mere label. */
export function namedStarts(symbols: SymbolList): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const rank = ({ type }: ElfSymbol) => (type === "STT_NOTYPE" ? 0 : 1);
  for (const symbol of symbols.toSorted((left, right) => rank(left) - rank(right))) {
    const skipped = symbol.type === "STT_SECTION" || symbol.type === "STT_FILE";
    if (skipped || symbol.name === "" || symbol.place.kind !== "section") continue;
    names.set(placeKey(symbol.place.index, symbol.value), symbol.name);
  }
  return names;
}

function placeKey(section: SectionIndex, offset: bigint | number): string {
  return `${section}:${offset}`;
}

interface Followed {
  readonly target: Target;
  /** The section of a target of the payload's own; names of sections may be in it twice. */
  readonly own: Section | undefined;
}

function followRelocation(
  file: PayloadFile,
  section: Section,
  relocation: Relocation,
): Followed | undefined {
  const { type, offset, addend } = relocation;
  const refuse = (state: string, expected: string): undefined => {
    file.findings.error({
      code: "payload/malformed",
      problem: `Cannot determine the target of a pointer in "${section.name}": ${state}`,
      where: whereIn(file, section, offset),
      expected,
    });
  };
  if (type !== pointerRelocation[file.architecture]) {
    const { machine } = file.object.header;
    const expected = nameOfRelocation(machine, pointerRelocation[file.architecture]);
    return refuse(`its relocation is ${nameOfRelocation(machine, type)}`, expected);
  }
  const symbol = file.symbols[relocation.symbol];
  if (symbol === undefined || symbol.index === 0) {
    return refuse(`its relocation is against symbol ${relocation.symbol}`, "a symbol that exists");
  }
  switch (symbol.place.kind) {
    case "undefined":
      return { target: { kind: "symbol", symbol: symbol.name, addend }, own: undefined };
    case "absolute": {
      const address = BigInt.asUintN(64, symbol.value + addend);
      return { target: { kind: "address", address }, own: undefined };
    }
    case "common":
      return refuse(`"${symbol.name}" is a common symbol`, "code compiled with -fno-common");
    case "section": {
      const own = file.object.sections[symbol.place.index];
      const place = symbol.value + addend;
      if (own === undefined || place < 0n || place > BigInt(own.size)) {
        return refuse(
          `it is byte ${place} of "${own?.name ?? ""}"`,
          `at most ${hexNumber(own?.size ?? 0)}, the size of the section`,
        );
      }
      const name = file.names.get(placeKey(own.index, place));
      const offsetInOwn = Number(place);
      return { target: { kind: "own", section: own.name, offset: offsetInOwn, symbol: name }, own };
    }
  }
}

function textAt(object: ElfObject, followed: Followed | undefined): string | undefined {
  if (followed?.own === undefined || followed.target.kind !== "own") return undefined;
  const { offset } = followed.target;
  // Without a limit, thousands of entries that share one long text would fill the memory.
  const bytes = contentsOf(object, followed.own).subarray(offset, offset + TEXT_SIZE_MAX + 1);
  const end = bytes.indexOf(0);
  return end < 0
    ? undefined
    : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, end));
}
