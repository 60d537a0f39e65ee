// Relocation arithmetic as Xen's loader does it (ABI §2.8): exactly the types that it accepts, with its
// own checks. A failure is returned, not thrown, because the loader's answer is the result.

import { hexNumber } from "../bytes/hex.ts";
import { unreachable } from "../invariant.ts";
import { Aarch64Relocation, aarch64Rules } from "./aarch64.ts";
import { findArchitecture } from "./architecture.ts";
import { type RelocationField, type RelocationRule, sizeOfField } from "./relocation-rule.ts";
import { X86Relocation, x86Rules } from "./x86.ts";

export interface RelocationRequest {
  readonly type: number;
  /** S: the run-time address of the symbol. */
  readonly symbol: bigint;
  /** A */
  readonly addend: bigint;
  /** P: the run-time address of the field. */
  readonly place: bigint;
}

export type RelocationFailure =
  | { readonly kind: "unsupported-type"; readonly type: number }
  /** The field reaches past the end of the section. */
  | { readonly kind: "outside"; readonly offset: number; readonly sizeBytes: number }
  /** The result does not fit the field; `value` is the result before shifting. */
  | { readonly kind: "overflow"; readonly value: bigint; readonly type: number };

/**
 * Relocates the field at `offset` of `bytes`, a section's contents. On failure it returns the reason
 * and changes nothing.
 */
export function relocate(
  machine: number,
  request: RelocationRequest,
  bytes: Uint8Array,
  offset: number,
): RelocationFailure | undefined {
  const rule = rulesOf(machine).get(request.type);
  if (!rule?.isInXen) return { kind: "unsupported-type", type: request.type };
  const sizeBytes = roomFor(machine, rule.field);
  if (offset < 0 || offset + sizeBytes > bytes.length)
    return { kind: "outside", offset, sizeBytes };
  const value = resultOf(rule, request);
  if (!fits(rule, value)) return { kind: "overflow", value, type: request.type };
  store(rule.field, value, new DataView(bytes.buffer, bytes.byteOffset + offset));
  return undefined;
}

/** Whether Xen's loader, and so relocate(), supports the type. */
export function canRelocate(machine: number, type: number): boolean {
  return rulesOf(machine).get(type)?.isInXen ?? false;
}

/** `R_X86_64_PLT32`; for a type or machine without a name here, its number. */
export function nameOfRelocation(machine: number, type: number): string {
  const architecture = findArchitecture(machine);
  if (architecture === undefined) return `R_${hexNumber(machine)}_${type}`;
  const names = architecture === "x86_64" ? X86Relocation : Aarch64Relocation;
  const prefix = architecture === "x86_64" ? "R_X86_64" : "R_AARCH64";
  return Object.entries(names).find(([, number]) => number === type)?.[0] ?? `${prefix}_${type}`;
}

function rulesOf(machine: number): ReadonlyMap<number, RelocationRule> {
  switch (findArchitecture(machine)) {
    case "x86_64":
      return x86Rules;
    case "aarch64":
      return aarch64Rules;
    case undefined:
      return new Map();
  }
}

/** How many bytes must exist: on AArch64 Xen requires 4 even for a field of 2. */
function roomFor(machine: number, field: RelocationField): number {
  const size = sizeOfField(field);
  return findArchitecture(machine) === "aarch64" ? Math.max(size, 4) : size;
}

function resultOf({ value }: RelocationRule, request: RelocationRequest): bigint {
  const target = request.symbol + request.addend;
  switch (value) {
    case "S+A":
      return BigInt.asIntN(64, target);
    case "S+A-P":
      return BigInt.asIntN(64, target - request.place);
    case "Page(S+A)-Page(P)":
      return BigInt.asIntN(64, pageOf(target) - pageOf(request.place));
    default:
      return unreachable(value);
  }
}

function pageOf(address: bigint): bigint {
  return address & ~0xfffn;
}

function fits({ bounds }: RelocationRule, value: bigint): boolean {
  if (bounds === undefined) return true;
  const shifted = value >> bounds.shift;
  return bounds.min <= shifted && shifted <= bounds.max;
}

function store(field: RelocationField, value: bigint, view: DataView): void {
  switch (field.kind) {
    case "nothing":
      return;
    case "data":
      storeData(field.size, value, view);
      return;
    case "bits":
      storeBits(view, value >> field.shift, field.width, field.at);
      return;
    case "adr":
      storeBits(view, value >> field.shift, 2, 29);
      storeBits(view, value >> (field.shift + 2n), 19, 5);
      return;
    case "signed-move": {
      const shifted = value >> field.shift;
      // opc [30:29]: movz is 0b10, movn 0b00.
      storeBits(view, value < 0n ? 0b00n : 0b10n, 2, 29);
      storeBits(view, value < 0n ? ~shifted : shifted, 16, 5);
      return;
    }
    default:
      unreachable(field);
  }
}

function storeData(size: 1 | 2 | 4 | 8, value: bigint, view: DataView): void {
  if (size === 8) view.setBigUint64(0, BigInt.asUintN(64, value), true);
  else if (size === 4) view.setUint32(0, Number(BigInt.asUintN(32, value)), true);
  else if (size === 2) view.setUint16(0, Number(BigInt.asUintN(16, value)), true);
  else view.setUint8(0, Number(BigInt.asUintN(8, value)));
}

/** Writes the low `width` bits of `value` at bit `at` of the instruction; other bits are kept. */
function storeBits(view: DataView, value: bigint, width: number, at: number): void {
  const mask = ((1n << BigInt(width)) - 1n) << BigInt(at);
  const word = BigInt(view.getUint32(0, true));
  view.setUint32(0, Number((word & ~mask) | ((value << BigInt(at)) & mask)), true);
}
