// Calls of allocators in the code of one object: how much they ask for, and what their callers do with what they
// get. Results are followed in registers.

import { SectionFlag } from "../elf/constants.ts";
import type { ElfObject, ElfSymbol, Relocation, Section } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf } from "../elf/sections.ts";
import { X86_JUMP_OPCODE } from "../isa/jump.ts";
import { AddressFlow, type AddressUse } from "../isa/x86-address-flow.ts";
import { constantArgument } from "../isa/x86-constant-argument.ts";
import { NEAR_DISTANCE_SIZE } from "../isa/x86-near-branch.ts";
import { registerBits, registerSet } from "../isa/x86-registers.ts";
import { allocators, pageClearing } from "./allocators.ts";

export interface AllocatingCall {
  /** By its symbol. */
  readonly caller: string;
  /** One of the allocators. */
  readonly callee: string;
  /** Its first argument, where that is a constant. */
  readonly size: number | undefined;
  /** The caller returns what it got. */
  readonly isReturned: boolean;
  /** To what it passes it, of those that clear: pages as a whole, or so many bytes as it says. */
  readonly clears: "pages" | "some-bytes" | "nothing";
}

const RESULT = registerBits(registerSet("rax"));
const FIRST_ARGUMENT = registerBits(registerSet("rdi"));

export function allocatingCalls(object: ElfObject): readonly AllocatingCall[] {
  return object.sections.filter(isCode).flatMap((section) => {
    const relocations = relocationsOf(object, section);
    const calls = relocations.filter((one) => allocators.has(nameOf(object, one)));
    if (calls.length === 0) return [];
    const functions = functionsIn(object, section);
    return calls.flatMap((relocation) => {
      const symbol = functions.find((one) => isWithin(one, relocation));
      return symbol === undefined ? [] : [readCall(object, section, symbol, relocation)];
    });
  });
}

function readCall(
  object: ElfObject,
  section: Section,
  symbol: ElfSymbol,
  relocation: Relocation,
): AllocatingCall {
  const start = Number(symbol.value);
  const code = contentsOf(object, section).subarray(start, start + Number(symbol.size));
  const field = relocation.offset - start;
  const common = {
    caller: symbol.name,
    callee: nameOf(object, relocation),
    size: constantArgument(code, field),
  };
  if (code[field - 1] === X86_JUMP_OPCODE)
    return { ...common, isReturned: true, clears: "nothing" };
  const names = new Map(
    relocationsOf(object, section)
      .filter((one) => isWithin(symbol, one))
      .map((one) => [one.offset - start, nameOf(object, one)]),
  );
  const flow = new AddressFlow(code, new Set(names.keys()));
  const uses = flow.usesOf({ offset: field + NEAR_DISTANCE_SIZE, holders: RESULT }, "pointers");
  return { ...common, isReturned: uses.some(returnsIt), clears: clearedBy(uses, names) };
}

/** Or jumps to the hypervisor's return thunk. */
function returnsIt({ kind, holders }: AddressUse): boolean {
  return (kind === "return" || kind === "leave") && (holders & RESULT) !== 0;
}

function clearedBy(
  uses: readonly AddressUse[],
  names: ReadonlyMap<number, string>,
): AllocatingCall["clears"] {
  const called = uses.flatMap((use) => {
    if (use.kind !== "call" || (use.holders & FIRST_ARGUMENT) === 0) return [];
    return names.get(use.reference?.field ?? -1) ?? [];
  });
  if (called.some((name) => pageClearing.has(name))) return "pages";
  return called.includes("memset") ? "some-bytes" : "nothing";
}

function isCode({ flags }: Section): boolean {
  return (flags & SectionFlag.SHF_EXECINSTR) !== 0n;
}

function nameOf({ symbols }: ElfObject, { symbol }: Relocation): string {
  return symbols[symbol]?.name ?? "";
}

function functionsIn({ symbols }: ElfObject, { index }: Section): readonly ElfSymbol[] {
  return symbols.filter(
    ({ type, place }) => type === "STT_FUNC" && place.kind === "section" && place.index === index,
  );
}

function isWithin({ value, size }: ElfSymbol, { offset }: Relocation): boolean {
  return BigInt(offset) >= value && BigInt(offset) < value + size;
}
