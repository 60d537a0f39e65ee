// The code at the entries of all functions that payloads patch, in the model's memory and in that of
// the lab, read from outside. Where payloads lie is the allocator's choice: a jump agrees when it
// leads as far into its payload as the model's does.

import { hexNumber, toHex } from "../../src/bytes/hex.ts";
import { decodeJump, JUMP_SIZE } from "../../src/isa/jump.ts";
import type { Lab } from "../../src/lab/lab.ts";
import type { XenModel } from "../../src/xen-model/model.ts";
import { differs, type Outcome } from "./differential-script.ts";

const EM_X86_64 = 62;
/** An ENDBR64 and a jump, and some of what must stay. */
const ENTRY_SIZE = 16;
const PAGE_MASK = 0xfffn;

export interface CodeComparison {
  readonly lab: Lab;
  readonly model: XenModel;
  /** Where payloads lie in the lab, by name, as far as jumps told. */
  readonly bases: Map<string, bigint>;
  readonly label: string;
}

/** Whether the lab has the code that it booted with, after everything was reverted. */
export async function isPristine(
  { lab, model }: Pick<CodeComparison, "lab" | "model">,
  addresses: ReadonlySet<bigint>,
): Promise<boolean> {
  for (const address of addresses) {
    const expected = model.read(address, ENTRY_SIZE);
    if (expected.kind !== "bytes") continue;
    const found = Uint8Array.from(await lab.readHypervisor(address, ENTRY_SIZE));
    forgiveUnknown(expected.bytes, found, expected.unknown);
    if (toHex(found) !== toHex(expected.bytes)) return false;
  }
  return true;
}

export async function compareCode(comparison: CodeComparison): Promise<Outcome | undefined> {
  const { lab, model, label } = comparison;
  for (const address of patchedAddresses(model)) {
    const expected = model.read(address, ENTRY_SIZE);
    if (expected.kind !== "bytes") continue;
    const found = Uint8Array.from(await lab.readHypervisor(address, ENTRY_SIZE));
    forgiveUnknown(expected.bytes, found, expected.unknown);
    const wrong = forgivePlaces(comparison, address, expected.bytes, found);
    const where = `code at ${hexNumber(address)} after ${label}`;
    const difference = wrong ?? differs(where, toHex(expected.bytes), toHex(found));
    if (difference !== undefined) return difference;
  }
  return undefined;
}

export function patchedAddresses(model: XenModel): Set<bigint> {
  const { start, end } = model.hypervisor.image;
  const all = model.list().flatMap(({ name }) => model.payload(name)?.functions ?? []);
  const addresses = all.map(({ oldAddress }) => oldAddress);
  return new Set(addresses.filter((address) => start <= address && address < end));
}

function forgiveUnknown(
  expected: Uint8Array,
  found: Uint8Array,
  unknown: Uint8Array | undefined,
): void {
  unknown?.forEach((isUnknown, index) => {
    if (isUnknown === 1) found[index] = expected[index] ?? 0;
  });
}

/** Makes jumps into the same place of the same payload equal; a disagreement about the place. */
function forgivePlaces(
  { model, bases, label }: CodeComparison,
  address: bigint,
  expected: Uint8Array,
  found: Uint8Array,
): Outcome | undefined {
  for (const offset of [0, 4]) {
    const from = address + BigInt(offset);
    const target = decodeJump(EM_X86_64, from, expected.subarray(offset));
    const real = decodeJump(EM_X86_64, from, found.subarray(offset));
    const owner = target === undefined ? undefined : ownerOf(model, target);
    if (target === undefined || real === undefined || owner === undefined) continue;
    const base = real - (target - owner.base);
    const known = bases.get(owner.name) ?? base;
    bases.set(owner.name, known);
    const isWhole = (known & PAGE_MASK) === 0n;
    if (!isWhole || known !== base) {
      return (
        differs(`place of ${owner.name} after ${label}`, hexNumber(known), hexNumber(base)) ??
        differs(`place of ${owner.name}`, "a whole page", hexNumber(base))
      );
    }
    found.set(expected.subarray(offset, offset + JUMP_SIZE.x86_64), offset);
  }
  return undefined;
}

/** The payload that has a replacement there, wherever that may point. */
function ownerOf(
  model: XenModel,
  address: bigint,
): { readonly name: string; readonly base: bigint } | undefined {
  for (const name of model.applied) {
    const payload = model.payload(name);
    const isIts = payload?.functions.some(({ entry }) => entry.newAddress === address);
    if (payload && isIts) return { name, base: payload.placement.base };
  }
  return undefined;
}
