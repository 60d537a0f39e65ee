// The run-pre check, after Ksplice: is the hypervisor that runs made of the code that we compile?
// Functions as compiled from the unpatched source ("pre") are compared with the bytes in xen-syms
// ("run"). Bytes must be the same, and every reference must lead to where the symbol table says,
// or, for what has no name, to something that says the same. xen-syms is a file, so nothing of what
// boot changes (ABI reference §8.3) is in the way.

import type { Atom, Reference, SplitObject, Target } from "../diff/atom.ts";
import { isNameless, namingSymbol, symbolSizeOf } from "../diff/atom.ts";
import { ElfError } from "../elf/errors.ts";
import type { ElfSymbol } from "../elf/object.ts";
import { filledBytes } from "../isa/filled-bytes.ts";
import { nearestSymbol } from "./nearest-symbol.ts";
import { addressOfTarget, lowBitsLost, pointedPlace, refersTo } from "./run-pre-instruction.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

/** The first place at which a function differs from what runs. */
export interface RunPreMismatch {
  /** As compiled from the unpatched source. */
  readonly atom: Atom;
  /** As Xen's table spells it. */
  readonly name: string;
  /** `undefined` when the hypervisor has no such function. */
  readonly running: XenSymbol | undefined;
  readonly difference: RunPreDifference;
}

export type RunPreDifference =
  | { readonly kind: "missing" }
  | { readonly kind: "size"; readonly offset: number }
  | { readonly kind: "bytes"; readonly offset: number }
  /** `problem` names both targets. */
  | { readonly kind: "reference"; readonly offset: number; readonly problem: string };

/** The mismatches of `functions`, which are atoms of `pre`; empty when it fits. */
export function checkRunPre(
  pre: SplitObject,
  functions: readonly Atom[],
  xen: XenSyms,
): readonly RunPreMismatch[] {
  const known: Known = new Map();
  return functions.flatMap((atom): RunPreMismatch[] => {
    const symbol = namingSymbol(atom);
    const name = symbol === undefined ? atom.name : xenNameOf(symbol, pre.file);
    const running = xen.byName.get(name);
    const mismatch = (difference: RunPreDifference) => [{ atom, name, running, difference }];
    if (running === undefined) return mismatch({ kind: "missing" });
    const difference = compareAtom({ pre, xen, known }, atom, running.address);
    if (difference !== undefined) return mismatch(difference);
    const sizeBytes = symbolSizeOf(atom);
    if (running.sizeBytes === sizeBytes) return [];
    return mismatch({ kind: "size", offset: Math.min(running.sizeBytes, sizeBytes) });
  });
}

/** How Xen's table spells a symbol of an object (ABI reference §2.13). */
export function xenNameOf({ name, binding }: ElfSymbol, file: string): string {
  return binding === "STB_LOCAL" ? `${file}#${name}` : name;
}

/** Nameless atoms and the addresses at which the same was found, or is being looked for. */
type Known = Map<Atom, Set<bigint>>;

interface Sides {
  readonly pre: SplitObject;
  readonly xen: XenSyms;
  readonly known: Known;
}

/** Undefined when the hypervisor has the atom at `address`. */
function compareAtom(sides: Sides, atom: Atom, address: bigint): RunPreDifference | undefined {
  if (atom.bytes === undefined) return undefined;
  const running = findBytes(sides.xen, address, atom.size);
  if (running === undefined) return { kind: "size", offset: 0 };
  const offset = firstDifference(atom.bytes, running, atom.references);
  for (const reference of atom.references) {
    if (offset !== undefined && offset < reference.offset) break;
    const problem = compareReference(sides, { atom, address, running }, reference);
    if (problem !== undefined) return { kind: "reference", offset: reference.offset, problem };
  }
  return offset === undefined ? undefined : { kind: "bytes", offset };
}

function findBytes({ bytesAt }: XenSyms, address: bigint, size: number): Uint8Array | undefined {
  try {
    return bytesAt(address, size);
  } catch (error) {
    if (error instanceof ElfError && error.report.code === "elf/missing") return undefined;
    throw error;
  }
}

/** Outside of the fields that hold references. */
function firstDifference(
  pre: Uint8Array,
  running: Uint8Array,
  references: readonly Reference[],
): number | undefined {
  let next = 0;
  for (let offset = 0; offset < pre.length; offset++) {
    const field = references[next];
    if (field !== undefined && offset >= field.offset) {
      offset = Math.max(offset, field.offset + field.size) - 1;
      next++;
    } else if (pre[offset] !== running[offset]) return offset;
  }
  return undefined;
}

interface RunningAtom {
  readonly atom: Atom;
  readonly address: bigint;
  readonly running: Uint8Array;
}

/** What is wrong with where the running code's field leads, if anything. */
function compareReference(
  sides: Sides,
  found: RunningAtom,
  reference: Reference,
): string | undefined {
  if (reference.size === 0) return undefined;
  if (reference.isInstruction) return compareInstruction(sides, found, reference);
  const pointed = pointedAddress(sides.pre.object.header.machine, found, reference);
  const { target } = reference;
  if (target.kind === "atom" && isNameless(target.atom)) {
    return sayTheSame(sides, target.atom, pointed - BigInt(target.offset))
      ? undefined
      : `${describeTarget(target, sides.pre)} is something else in the hypervisor`;
  }
  const expected = addressOf(target, sides);
  if (expected === pointed) return undefined;
  const wanted = describeTarget(target, sides.pre);
  if (expected === undefined) return `the hypervisor has no ${wanted}`;
  return `it leads to ${nearestSymbol(sides.xen, pointed)} there, to ${wanted} here`;
}

/** The same where the reference is a part of an instruction. */
function compareInstruction(
  sides: Sides,
  found: RunningAtom,
  reference: Reference,
): string | undefined {
  const { target } = reference;
  const wanted = describeTarget(target, sides.pre);
  const pointed = pointedPlace(found, reference);
  if (pointed.kind === "other instruction") return `another instruction is there, ${wanted} here`;
  if (pointed.kind === "unknown") return `how it refers to ${wanted} is not understood`;
  if (target.kind === "atom" && isNameless(target.atom)) {
    const address = addressOfTarget(found, reference, target);
    if (address === undefined) return `it refers to ${wanted} by one half of its address only`;
    const isSame = sayTheSame(sides, target.atom, address);
    return isSame ? undefined : `${wanted} is something else in the hypervisor`;
  }
  const expected = addressOf(target, sides);
  if (expected === undefined) return `the hypervisor has no ${wanted}`;
  if (refersTo(pointed, expected, lowBitsLost(reference))) return undefined;
  const there =
    pointed.holds === "address"
      ? nearestSymbol(sides.xen, pointed.value)
      : `the ${pointed.holds} 0x${pointed.value.toString(16)}`;
  return `it leads to ${there} there, to ${wanted} here`;
}

/** Where the field of the running code leads. */
function pointedAddress(
  machine: number,
  { atom, address, running }: RunningAtom,
  { offset, size, bias, use, relocation }: Reference,
): bigint {
  const value = signedField(running, offset, size);
  const isRelative = relocation === undefined || filledBytes(machine, relocation.type).isRelative;
  if (!isRelative) return BigInt.asUintN(64, value);
  // Distances in a jump table count from where the table begins.
  if (use === "data" && atom.kind === "literal") return address + value;
  return address + BigInt(offset + bias) + value;
}

function signedField(bytes: Uint8Array, offset: number, size: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let value = 0n;
  for (let index = size - 1; index >= 0; index--) {
    value = (value << 8n) | BigInt(view.getUint8(offset + index));
  }
  return BigInt.asIntN(size * 8, value);
}

/** By content, with everything that the atom refers to. */
function sayTheSame(sides: Sides, atom: Atom, address: bigint): boolean {
  const places = sides.known.get(atom) ?? new Set();
  if (places.has(address)) return true;
  // Put down before it is known: a jump table leads back to the code that uses it.
  sides.known.set(atom, places.add(address));
  if (compareAtom(sides, atom, address) === undefined) return true;
  places.delete(address);
  return false;
}

function addressOf(target: Target, { pre, xen }: Sides): bigint | undefined {
  if (target.kind === "absolute") return target.value;
  const symbol = target.kind === "external" ? target.symbol : namingSymbol(target.atom);
  const name = symbol === undefined ? undefined : xenNameOf(symbol, pre.file);
  const found = name === undefined ? undefined : xen.byName.get(name);
  return found === undefined ? undefined : found.address + BigInt(target.offset);
}

function describeTarget(target: Target, { file }: SplitObject): string {
  if (target.kind === "absolute") return `address 0x${target.value.toString(16)}`;
  const symbol = target.kind === "external" ? target.symbol : namingSymbol(target.atom);
  const name =
    symbol !== undefined
      ? `"${xenNameOf(symbol, file)}"`
      : target.kind === "atom"
        ? target.atom.name
        : "";
  const offset = Number(target.offset);
  return offset === 0 ? name : `${name}${offset < 0 ? "-" : "+"}0x${Math.abs(offset).toString(16)}`;
}
