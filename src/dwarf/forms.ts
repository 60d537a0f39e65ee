// Values of attributes in the forms that gcc and clang use (DWARF 5, section 7.5.6). clang writes texts and
// addresses as indices into tables of their own (`strx`, `addrx`). Split debug information, supplementary
// files and type units are not supported: no build produces them.

import { hexNumber } from "../bytes/hex.ts";
import { DwarfForm as F } from "./constants.ts";
import { cursorOver, DwarfCursor } from "./cursor.ts";
import type { DebugSections } from "./sections.ts";

/**
 * Numbers that fit are plain numbers. References to entries are offsets into .debug_info; offsets into
 * other sections are not changed. The attribute decides which of these a value is.
 */
export type AttributeValue = number | bigint | string | Uint8Array;

export interface AttributeForm {
  readonly form: number;
  /** For DW_FORM_implicit_const. */
  readonly constant: bigint | undefined;
}

export interface FormContext {
  readonly sections: DebugSections;
  /** Offset of the unit's header in .debug_info. */
  readonly unitOffset: number;
  readonly addressSize: number;
  readonly bases: TableBases;
}

/** Where the tables of a unit begin: offsets into .debug_str_offsets and .debug_addr. */
export interface TableBases {
  readonly strings: number;
  readonly addresses: number;
}

/** After the header of each table, for a unit that does not say where (DWARF 5, 7.26 and 7.27). */
export const noBases: TableBases = { strings: 8, addresses: 8 };

/** Reads the value at the cursor and moves past it. @throws DwarfError dwarf/malformed */
export function readForm(
  cursor: DwarfCursor,
  { form, constant }: AttributeForm,
  context: FormContext,
): AttributeValue {
  const { sections, unitOffset, addressSize } = context;
  switch (form) {
    case F.DW_FORM_addr:
      return addressSize === 8 ? cursor.u64() : cursor.u32();
    case F.DW_FORM_flag:
    case F.DW_FORM_data1:
      return cursor.u8();
    case F.DW_FORM_data2:
      return cursor.u16();
    case F.DW_FORM_data4:
      return cursor.u32();
    case F.DW_FORM_data8:
      return cursor.u64();
    case F.DW_FORM_udata:
      return cursor.uleb();
    case F.DW_FORM_sdata:
      return cursor.sleb();
    case F.DW_FORM_flag_present:
      return 1;
    case F.DW_FORM_implicit_const:
      return constant ?? 0;
    case F.DW_FORM_string:
      return cursor.text();
    case F.DW_FORM_strp:
      return textAt(sections.strings, cursor.u32(), sections);
    case F.DW_FORM_line_strp:
      return textAt(sections.lineStrings, cursor.u32(), sections);
    case F.DW_FORM_ref1:
      return unitOffset + cursor.u8();
    case F.DW_FORM_ref2:
      return unitOffset + cursor.u16();
    case F.DW_FORM_ref4:
      return unitOffset + cursor.u32();
    case F.DW_FORM_ref8:
      return unitOffset + Number(cursor.u64());
    case F.DW_FORM_ref_udata:
      return unitOffset + cursor.count();
    case F.DW_FORM_sec_offset:
      return cursor.u32();
    case F.DW_FORM_exprloc:
    case F.DW_FORM_block:
      return cursor.bytes(cursor.count());
    case F.DW_FORM_block1:
      return cursor.bytes(cursor.u8());
    case F.DW_FORM_block2:
      return cursor.bytes(cursor.u16());
    case F.DW_FORM_block4:
      return cursor.bytes(cursor.u32());
    case F.DW_FORM_data16:
      return cursor.bytes(16);
    case F.DW_FORM_strx:
      return textOfIndex(cursor.count(), context);
    case F.DW_FORM_strx1:
      return textOfIndex(cursor.u8(), context);
    case F.DW_FORM_strx2:
      return textOfIndex(cursor.u16(), context);
    case F.DW_FORM_strx3:
      return textOfIndex(cursor.u24(), context);
    case F.DW_FORM_strx4:
      return textOfIndex(cursor.u32(), context);
    case F.DW_FORM_addrx:
      return addressOfIndex(cursor.count(), context);
    case F.DW_FORM_addrx1:
      return addressOfIndex(cursor.u8(), context);
    case F.DW_FORM_addrx2:
      return addressOfIndex(cursor.u16(), context);
    case F.DW_FORM_addrx3:
      return addressOfIndex(cursor.u24(), context);
    case F.DW_FORM_addrx4:
      return addressOfIndex(cursor.u32(), context);
    // Indices of lists that nothing here reads.
    case F.DW_FORM_loclistx:
    case F.DW_FORM_rnglistx:
      return cursor.count();
    default:
      throw cursor.malformed(`form ${hexNumber(form)} of an attribute is unknown`);
  }
}

/** Size in bytes of the forms with a fixed size; undefined for the others. */
export function sizeOfForm(form: number, addressSize: number): number | undefined {
  return form === F.DW_FORM_addr ? addressSize : fixedSizes.get(form);
}

const fixedSizes: ReadonlyMap<number, number> = new Map([
  [F.DW_FORM_flag_present, 0],
  [F.DW_FORM_implicit_const, 0],
  [F.DW_FORM_flag, 1],
  [F.DW_FORM_data1, 1],
  [F.DW_FORM_ref1, 1],
  [F.DW_FORM_data2, 2],
  [F.DW_FORM_ref2, 2],
  [F.DW_FORM_data4, 4],
  [F.DW_FORM_ref4, 4],
  [F.DW_FORM_strp, 4],
  [F.DW_FORM_line_strp, 4],
  [F.DW_FORM_sec_offset, 4],
  [F.DW_FORM_strx1, 1],
  [F.DW_FORM_strx2, 2],
  [F.DW_FORM_strx3, 3],
  [F.DW_FORM_strx4, 4],
  [F.DW_FORM_addrx1, 1],
  [F.DW_FORM_addrx2, 2],
  [F.DW_FORM_addrx3, 3],
  [F.DW_FORM_addrx4, 4],
  [F.DW_FORM_data8, 8],
  [F.DW_FORM_ref8, 8],
  [F.DW_FORM_data16, 16],
]);

function textOfIndex(index: number, { sections, bases }: FormContext): string {
  const { stringOffsets, strings, source } = sections;
  const entry = new DwarfCursor(stringOffsets, source, bases.strings + 4 * index);
  return textAt(strings, entry.u32(), sections);
}

function addressOfIndex(index: number, { sections, bases, addressSize }: FormContext): bigint {
  const place = bases.addresses + addressSize * index;
  const entry = new DwarfCursor(sections.addresses, sections.source, place);
  return addressSize === 8 ? entry.u64() : BigInt(entry.u32());
}

function textAt(strings: Uint8Array, offset: number, { source }: DebugSections): string {
  return cursorOver(strings, source, offset).text();
}
