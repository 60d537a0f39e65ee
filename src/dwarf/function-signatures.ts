// What functions take and give in which way, by their declarations: which of the registers for arguments and
// results hold any, and whether arguments are on the stack. System V ABI for x86-64, 3.2.3, without vector
// registers, since Xen is compiled without them.

import type { ElfObject } from "../elf/object.ts";
import { DwarfAttribute as A, DwarfTag as T } from "./constants.ts";
import { type DebugEntry, hasAttribute } from "./entry.ts";
import { bareType, childrenOf, entryAt, isScalar, numberOf, textOf, typeOf } from "./model.ts";
import { nameInSource } from "./name-in-source.ts";
import { type DebugInfo, entriesOf, readDebugInfo } from "./read.ts";

export interface FunctionSignature {
  /** Undefined for a clone, which may take others than the function of the source. */
  readonly takes:
    | {
        /** Of the six registers, the first so many. */
        readonly registers: number;
        readonly stack: "nothing" | "some";
      }
    | undefined;
  /** Registers with results: rax, then rdx. A clone gives no more than the function. */
  readonly givesRegisters: 0 | 1 | 2;
}

const ARGUMENT_REGISTERS = 6;
const REGISTER_SIZE = 8;

/**
 * By the name of a function's symbol; undefined for what the object does not define, and where it defines two of
 * one name that differ. Nothing is read before the first call.
 * @throws DwarfError, ElfError when called
 */
export function findFunctionSignatures(
  object: ElfObject,
): (symbolName: string) => FunctionSignature | undefined {
  let known: ReadonlyMap<string, FunctionSignature | undefined> | undefined;
  return (symbolName) => {
    known ??= signaturesIn(object);
    const source = nameInSource(symbolName);
    const found = known.get(source);
    return found && source !== symbolName ? { ...found, takes: undefined } : found;
  };
}

function signaturesIn(object: ElfObject): ReadonlyMap<string, FunctionSignature | undefined> {
  const found = new Map<string, FunctionSignature | undefined>();
  const info = readDebugInfo(object);
  for (const entry of info === undefined ? [] : entriesOf(info, T.DW_TAG_subprogram)) {
    if (info === undefined || hasAttribute(entry, A.DW_AT_declaration)) continue;
    const whole = entryAt(info, entry, A.DW_AT_abstract_origin) ?? entry;
    const declared = entryAt(info, whole, A.DW_AT_specification) ?? whole;
    const name = textOf(declared, A.DW_AT_name);
    if (name === undefined) continue;
    const signature = signatureOf(info, whole, declared);
    const isSame =
      !found.has(name) || JSON.stringify(found.get(name)) === JSON.stringify(signature);
    found.set(name, isSame ? signature : undefined);
  }
  return found;
}

/** @param whole with the parameters; `declared` has the result */
function signatureOf(
  info: DebugInfo,
  whole: DebugEntry,
  declared: DebugEntry,
): FunctionSignature | undefined {
  const result = placeOf(info, typeOf(info, declared));
  if (result === undefined) return undefined;
  const givesRegisters = result === "memory" ? 1 : result;
  // Where the caller wants a large result is told in the first register.
  let registers = result === "memory" ? 1 : 0;
  let stack: "nothing" | "some" = "nothing";
  if (childrenOf(whole, T.DW_TAG_unspecified_parameters).length > 0) {
    return { takes: { registers: ARGUMENT_REGISTERS, stack: "some" }, givesRegisters };
  }
  for (const parameter of childrenOf(whole, T.DW_TAG_formal_parameter)) {
    const place = placeOf(info, typeOf(info, parameter));
    if (place === undefined) return { takes: undefined, givesRegisters };
    if (place === "memory" || registers + place > ARGUMENT_REGISTERS) stack = "some";
    else registers += place;
  }
  return { takes: { registers, stack }, givesRegisters };
}

/** How many registers a value takes, or that it is passed in memory; undefined where the type is not known. */
function placeOf(
  info: DebugInfo,
  declared: DebugEntry | undefined,
): 0 | 1 | 2 | "memory" | undefined {
  const type = bareType(info, declared);
  if (type === undefined) return 0;
  const size = Number(numberOf(type, A.DW_AT_byte_size) ?? -1n);
  if (size < 0) return undefined;
  if (isScalar(type)) return size <= REGISTER_SIZE ? 1 : 2;
  const isInRegisters = size <= 2 * REGISTER_SIZE && !hasUnalignedMember(info, type);
  if (!isInRegisters) return "memory";
  return size === 0 ? 0 : size <= REGISTER_SIZE ? 1 : 2;
}

/** As packed structures may have: those are in memory, whatever their size. */
function hasUnalignedMember(info: DebugInfo, type: DebugEntry): boolean {
  return childrenOf(type, T.DW_TAG_member).some((member) => {
    const held = bareType(info, typeOf(info, member));
    if (held === undefined || numberOf(member, A.DW_AT_bit_size) !== undefined) return false;
    if (!isScalar(held)) return hasUnalignedMember(info, held);
    const offset = numberOf(member, A.DW_AT_data_member_location) ?? 0n;
    return offset % (numberOf(held, A.DW_AT_byte_size) ?? 1n) !== 0n;
  });
}
