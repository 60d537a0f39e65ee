// Values of attributes in the forms that gcc uses (DWARF 5, section 7.5.6). Split debug information,
// supplementary files and type units are left out: nothing that a builder compiles has them.

import { hexNumber } from "../bytes/hex.ts";
import { DwarfForm as F } from "./types-constants.ts";
import { DwarfCursor } from "./types-cursor.ts";
import type { DebugSections } from "./types-sections.ts";

export type AttributeValue =
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  /** An offset into .debug_info. */
  | { readonly kind: "entry"; readonly offset: number }
  /** An offset into another section. */
  | { readonly kind: "section-offset"; readonly offset: number };

export interface AttributeForm {
  readonly attribute: number;
  readonly form: number;
  /** For DW_FORM_implicit_const. */
  readonly constant: bigint | undefined;
}

export interface FormContext {
  readonly sections: DebugSections;
  /** Of the unit's header, into .debug_info. */
  readonly unitOffset: number;
  readonly addressSize: number;
}

/** Reads the value at the cursor, and passes it. @throws BuilderError builder/bad-debug-info */
export function readForm(
  cursor: DwarfCursor,
  { form, constant }: Pick<AttributeForm, "form" | "constant">,
  { sections, unitOffset, addressSize }: FormContext,
): AttributeValue {
  switch (form) {
    case F.DW_FORM_addr:
      return number(addressSize === 8 ? cursor.u64() : BigInt(cursor.u32()));
    case F.DW_FORM_flag:
    case F.DW_FORM_data1:
      return number(BigInt(cursor.u8()));
    case F.DW_FORM_data2:
      return number(BigInt(cursor.u16()));
    case F.DW_FORM_data4:
      return number(BigInt(cursor.u32()));
    case F.DW_FORM_data8:
      return number(cursor.u64());
    case F.DW_FORM_udata:
      return number(cursor.uleb());
    case F.DW_FORM_sdata:
      return number(cursor.sleb());
    case F.DW_FORM_flag_present:
      return number(1n);
    case F.DW_FORM_implicit_const:
      return number(constant ?? 0n);
    case F.DW_FORM_string:
      return { kind: "text", value: cursor.text() };
    case F.DW_FORM_strp:
      return textAt(sections.strings, cursor.u32(), sections);
    case F.DW_FORM_line_strp:
      return textAt(sections.lineStrings, cursor.u32(), sections);
    case F.DW_FORM_ref1:
      return { kind: "entry", offset: unitOffset + cursor.u8() };
    case F.DW_FORM_ref2:
      return { kind: "entry", offset: unitOffset + cursor.u16() };
    case F.DW_FORM_ref4:
      return { kind: "entry", offset: unitOffset + cursor.u32() };
    case F.DW_FORM_ref8:
      return { kind: "entry", offset: unitOffset + Number(cursor.u64()) };
    case F.DW_FORM_ref_udata:
      return { kind: "entry", offset: unitOffset + cursor.count() };
    case F.DW_FORM_sec_offset:
      return { kind: "section-offset", offset: cursor.u32() };
    case F.DW_FORM_exprloc:
    case F.DW_FORM_block:
      return { kind: "bytes", value: cursor.bytes(cursor.count()) };
    case F.DW_FORM_block1:
      return { kind: "bytes", value: cursor.bytes(cursor.u8()) };
    case F.DW_FORM_block2:
      return { kind: "bytes", value: cursor.bytes(cursor.u16()) };
    case F.DW_FORM_block4:
      return { kind: "bytes", value: cursor.bytes(cursor.u32()) };
    case F.DW_FORM_data16:
      return { kind: "bytes", value: cursor.bytes(16) };
    default:
      throw cursor.malformed(`form ${hexNumber(form)} of an attribute is unknown`);
  }
}

function number(value: bigint): AttributeValue {
  return { kind: "number", value };
}

function textAt(strings: Uint8Array, offset: number, { source }: DebugSections): AttributeValue {
  return { kind: "text", value: new DwarfCursor(strings, source, offset).text() };
}
