// What functions take and give, from the debug information of objects, in terms of registers.

import { type FunctionSignature, findFunctionSignatures } from "../dwarf/function-signatures.ts";
import type { ElfObject } from "../elf/object.ts";
import { ARGUMENTS, type CallClobbered, registerSet } from "../isa/x86-registers.ts";
import type { Signature } from "../reliance/signature.ts";

/** By the name of a function's symbol. Nothing is read before the first call. */
export function signaturesOf(object: ElfObject): (symbolName: string) => Signature | undefined {
  const find = findFunctionSignatures(object);
  return (symbolName) => {
    const found = find(symbolName);
    return found && inRegisters(found);
  };
}

/** In the order in which they are filled. */
const argumentOrder: readonly CallClobbered[] = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"];
const resultOrder: readonly CallClobbered[] = ["rax", "rdx"];

function inRegisters({ takes, givesRegisters }: FunctionSignature): Signature {
  const results = registerSet(...resultOrder.slice(0, givesRegisters));
  if (takes === undefined) return { arguments: ARGUMENTS, stackArguments: "unknown", results };
  return {
    arguments: registerSet(...argumentOrder.slice(0, takes.registers)),
    stackArguments: takes.stack === "some" ? "some" : "none",
    results,
  };
}
