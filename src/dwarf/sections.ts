// Debugging sections of an executable, or of a relocatable object with its relocations applied. In an
// object, offsets of strings and abbreviations are what the linker would write if it linked this object
// alone.

import { ElfType } from "../elf/constants.ts";
import type { ElfObject, Section } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf, findSection } from "../elf/sections.ts";
import { filledBytes } from "../isa/filled-bytes.ts";

export interface DebugSections {
  /** The name of the file in messages. */
  readonly source: string;
  readonly info: Uint8Array;
  readonly abbreviations: Uint8Array;
  readonly strings: Uint8Array;
  readonly lineStrings: Uint8Array;
  readonly lines: Uint8Array;
  /** Of clang: tables of offsets into `strings`, and of addresses. */
  readonly stringOffsets: Uint8Array;
  readonly addresses: Uint8Array;
}

/** Undefined when the object has no debug information. @throws ElfError */
export function findDebugSections(object: ElfObject): DebugSections | undefined {
  const info = findSection(object, ".debug_info");
  if (info === undefined) return undefined;
  const plain = (name: string): Uint8Array => {
    const section = findSection(object, name);
    return section === undefined ? new Uint8Array() : contentsOf(object, section);
  };
  const linked = (name: string): Uint8Array => {
    const section = findSection(object, name);
    return section === undefined ? new Uint8Array() : relocated(object, section);
  };
  return {
    source: object.source,
    info: relocated(object, info),
    abbreviations: plain(".debug_abbrev"),
    strings: plain(".debug_str"),
    lineStrings: plain(".debug_line_str"),
    lines: linked(".debug_line"),
    stringOffsets: linked(".debug_str_offsets"),
    addresses: linked(".debug_addr"),
  };
}

/** All relocations of debugging sections are absolute: S + A. */
function relocated(object: ElfObject, section: Section): Uint8Array {
  if (object.header.type !== ElfType.ET_REL) return contentsOf(object, section);
  const bytes = contentsOf(object, section).slice();
  const view = new DataView(bytes.buffer);
  const { symbols } = object;
  const sizes = new Map<number, number>();
  for (const { offset, type, symbol, addend } of relocationsOf(object, section)) {
    const size = sizes.get(type) ?? filledBytes(object.header.machine, type).size;
    sizes.set(type, size);
    if (offset + size > bytes.length) continue;
    const value = symbols[symbol]?.value ?? 0n;
    // Nearly all are offsets of texts, from the start of their section.
    if (size === 4 && value === 0n) view.setInt32(offset, Number(addend), true);
    else if (size === 4) view.setUint32(offset, Number(BigInt.asUintN(32, value + addend)), true);
    else if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, value + addend), true);
  }
  return bytes;
}
