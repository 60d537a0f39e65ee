// Finds references to functions of a linked x86-64 hypervisor: code that calls or jumps to one or takes
// its address, and pointers in data. Found by the bytes, because a linked file has no relocations;
// other bytes hardly ever match the exact address of a function by chance.

import { SectionFlag } from "../elf/constants.ts";
import type { ElfObject } from "../elf/object.ts";
import { X86_CALL_OPCODE, X86_JUMP_OPCODE } from "../isa/jump.ts";
import { findReferences } from "../isa/x86-references.ts";
import { countBefore } from "../sorted.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

interface FunctionReference {
  /** The function or data that contains the reference; undefined where there is no symbol. */
  readonly from: XenSymbol | undefined;
  readonly kind: "branch" | "address";
}

export interface FunctionReferences {
  /** Including contents of init memory. */
  to(symbol: XenSymbol): readonly FunctionReference[];
}

interface Site {
  /** Counted, as the functions that sites lead to, from the lowest symbol. */
  readonly at: number;
  readonly kind: "branch" | "short-jump" | "address";
}

export function findFunctionReferences(xen: XenSyms, object: ElfObject): FunctionReferences {
  const symbols = placedSymbols(xen);
  const base = symbols[0]?.address ?? 0n;
  // Relative offsets as plain numbers, because each byte of the code is examined.
  const starts = symbols.filter(({ kind }) => kind === "function");
  const sites = new Map(starts.map(({ address }) => [Number(address - base), [] as Site[]]));
  const add = (target: number, at: number, kind: Site["kind"]): void => {
    sites.get(target)?.push({ at, kind });
  };
  for (const { flags, type, offset, size, address } of object.sections) {
    if ((flags & SectionFlag.SHF_ALLOC) === 0n || type === "SHT_NOBITS") continue;
    const bytes = object.bytes.subarray(offset, offset + size);
    const start = Number(address - base);
    if ((flags & SectionFlag.SHF_EXECINSTR) !== 0n) scanCode(bytes, start, add);
    scanPointers(bytes, base, (target, at) => add(target, start + at, "address"));
  }
  return {
    to: ({ address }) =>
      (sites.get(Number(address - base)) ?? []).flatMap(
        ({ at, kind }): readonly FunctionReference[] => {
          const from = symbolAround(symbols, base + BigInt(at));
          if (kind !== "short-jump") return [{ from, kind }];
          const isJump = from === undefined || isReference(xen, from, address);
          return isJump ? [{ from, kind: "branch" }] : [];
        },
      ),
  };
}

function placedSymbols({ byName }: XenSyms): readonly XenSymbol[] {
  return [...byName.values()]
    .filter(({ sizeBytes, kind }) => sizeBytes > 0 || kind === "function")
    .sort((left, right) => (left.address < right.address ? -1 : 1));
}

/** By a distance of four bytes, or of one for jumps; and the operand of lea. */
function scanCode(
  bytes: Uint8Array,
  start: number,
  add: (target: number, at: number, kind: Site["kind"]) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 1; at < bytes.length; at++) {
    const form = forms[bytes[at - 1] ?? 0];
    if (form === Form.none) continue;
    const place = start + at;
    if (form === Form.short) add(place + 1 + view.getInt8(at), place - 1, "short-jump");
    // Conditional jumps and lea have another byte before; most accidental matches do not.
    if (form === Form.conditional && bytes[at - 2] !== 0x0f) continue;
    if (form === Form.operand && bytes[at - 2] !== 0x8d) continue;
    if (form === Form.short || at + 4 > bytes.length) continue;
    const kind = form === Form.operand ? "address" : "branch";
    add(place + 4 + view.getInt32(at, true), place - 1, kind);
  }
}

/** The possible bytes before a distance. */
const Form = { none: 0, near: 1, short: 2, conditional: 3, operand: 4 } as const;
const forms = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === X86_CALL_OPCODE || byte === X86_JUMP_OPCODE) return Form.near;
  if (byte === 0xeb || (byte & 0xf0) === 0x70) return Form.short;
  if ((byte & 0xf0) === 0x80) return Form.conditional;
  return (byte & 0xc7) === 0x05 ? Form.operand : Form.none;
});

function scanPointers(
  bytes: Uint8Array,
  base: bigint,
  add: (target: number, at: number) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const half = Number(base >> 32n);
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    // Hardly any other word has the upper half of an address.
    const upper = view.getUint32(at + 4, true);
    if (upper !== half && upper !== half + 1) continue;
    add(Number(view.getBigUint64(at, true) - base), at);
  }
}

function symbolAround(symbols: readonly XenSymbol[], address: bigint): XenSymbol | undefined {
  const nearest = symbols[countBefore(symbols, (one) => one.address <= address) - 1];
  if (nearest === undefined) return undefined;
  // Much of the assembly code has no size.
  const size = BigInt(nearest.sizeBytes);
  return size === 0n || address < nearest.address + size ? nearest : undefined;
}

/** Two bytes can match a short jump by chance. */
function isReference({ bytesAt }: XenSyms, from: XenSymbol, target: bigint): boolean {
  const references = findReferences(bytesAt(from.address, from.sizeBytes));
  const offset = BigInt.asUintN(64, target - from.address);
  // Unreadable code may contain a reference.
  return (
    references?.some(({ reference }) => BigInt.asUintN(64, BigInt(reference.target)) === offset) ??
    true
  );
}
