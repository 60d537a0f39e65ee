// Finds references to functions of a linked x86-64 hypervisor: code that calls or jumps to one or takes
// its address, and pointers in data. Found by the bytes, because a linked file has no relocations;
// other bytes hardly ever match the exact address of a function by chance.

import { SectionFlag } from "../elf/constants.ts";
import type { ElfObject } from "../elf/object.ts";
import { findShortJumps, nearBranchAt } from "../isa/x86-near-branch.ts";
import { findReferences } from "../isa/x86-references.ts";
import { countBefore } from "../sorted.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

interface FunctionReference {
  /** The function or data that contains the reference; undefined where there is no symbol. */
  readonly from: XenSymbol | undefined;
  readonly kind: "branch" | "address";
}

interface Site {
  /** Counted, as the functions that sites lead to, from the lowest symbol. */
  readonly at: number;
  readonly kind: "branch" | "short-jump" | "address";
}

type Add = (target: number, at: number, kind: Site["kind"]) => void;

/** Of a function, in all code and data; contents of init memory are included. */
export type FindReferences = (target: XenSymbol) => readonly FunctionReference[];

/** All code and data are searched, for every function at once. */
export function searchReferences(xen: XenSyms, object: ElfObject): FindReferences {
  const symbols = placedSymbols(xen);
  const base = symbols[0]?.address ?? 0n;
  // Relative offsets as plain numbers, because each byte of the code is examined.
  const offsetOf = ({ address }: XenSymbol): number => Number(address - base);
  const functions = symbols.filter(({ kind }) => kind === "function");
  const sites = findSites(object, base, new Set(functions.map(offsetOf)));
  return (target) => {
    const found = sites.get(offsetOf(target)) ?? [];
    return found.flatMap(({ at, kind }): readonly FunctionReference[] => {
      const from = symbolAround(symbols, base + BigInt(at));
      if (kind !== "short-jump") return [{ from, kind }];
      const isJump = from === undefined || isReference(xen, from, target.address);
      return isJump ? [{ from, kind: "branch" }] : [];
    });
  };
}

/** By target. */
function findSites(
  object: ElfObject,
  base: bigint,
  targets: ReadonlySet<number>,
): ReadonlyMap<number, readonly Site[]> {
  const sites = new Map<number, Site[]>();
  const add: Add = (target, at, kind) => {
    if (!targets.has(target)) return;
    const found = sites.get(target);
    if (found === undefined) sites.set(target, [{ at, kind }]);
    else found.push({ at, kind });
  };
  const mayBeTarget = new Uint8Array(LOW_BITS + 1);
  for (const target of targets) mayBeTarget[target & LOW_BITS] = 1;
  for (const { flags, type, offset, size, address } of object.sections) {
    if ((flags & SectionFlag.SHF_ALLOC) === 0n || type === "SHT_NOBITS") continue;
    const bytes = object.bytes.subarray(offset, offset + size);
    const start = Number(address - base);
    if ((flags & SectionFlag.SHF_EXECINSTR) !== 0n) {
      scanCode(bytes, start, mayBeTarget, add);
      for (const target of targets) {
        for (const { offset } of findShortJumps(bytes, target - start)) {
          add(target, start + offset, "short-jump");
        }
      }
    }
    scanPointers(bytes, base, (target, at) => add(target, start + at, "address"));
  }
  return sites;
}

/** A target's low bits tell of nearly every distance that it leads to none of those asked for. */
const LOW_BITS = 0xfffff;

function placedSymbols({ byName }: XenSyms): readonly XenSymbol[] {
  return [...byName.values()]
    .filter(({ sizeBytes, kind }) => sizeBytes > 0 || kind === "function")
    .sort((left, right) => (left.address < right.address ? -1 : 1));
}

/**
 * By a distance of four bytes, and the operand of lea. Each byte is looked at, by a loop that calls
 * nothing until a distance may lead to a target.
 */
function scanCode(bytes: Uint8Array, start: number, mayBeTarget: Uint8Array, add: Add): void {
  const low = start & LOW_BITS;
  let distance = 0;
  for (let at = 0; at < bytes.length; at++) {
    // The last four bytes; as a distance, they count from their end.
    distance = (distance >>> 8) | ((bytes[at] as number) << 24);
    if (mayBeTarget[(low + at + 1 + distance) & LOW_BITS] !== 1) continue;
    const kind = kindOfDistance(bytes, at - 3);
    if (kind !== undefined) add(start + at + 1 + distance, start + at - 4, kind);
  }
}

function kindOfDistance(bytes: Uint8Array, at: number): Site["kind"] | undefined {
  if (nearBranchAt(bytes, at) !== undefined) return "branch";
  const isLea = bytes[at - 2] === 0x8d && ((bytes[at - 1] ?? 0) & 0xc7) === 0x05;
  return isLea ? "address" : undefined;
}

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
