// Values of attributes in the forms that gcc uses (DWARF 5, section 7.5.6). Split debug information,
// supplementary files and type units are not supported: no build produces them.

import { hexNumber } from "../bytes/hex.ts";
import { DwarfForm as F } from "./constants.ts";
import { DwarfCursor } from "./cursor.ts";
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
}

/** Reads the value at the cursor and moves past it. @throws DwarfError dwarf/malformed */
export function readForm(
  cursor: DwarfCursor,
  { form, constant }: AttributeForm,
  { sections, unitOffset, addressSize }: FormContext,
): AttributeValue {
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
  [F.DW_FORM_data8, 8],
  [F.DW_FORM_ref8, 8],
  [F.DW_FORM_data16, 16],
]);

function textAt(strings: Uint8Array, offset: number, { source }: DebugSections): string {
  return new DwarfCursor(strings, source, offset).text();
}
