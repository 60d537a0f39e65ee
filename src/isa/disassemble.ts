// Disassembles code to lines of text, in the syntax of the GNU tools.

import { hexNumber } from "../bytes/hex.ts";
import { findArchitecture } from "./architecture.ts";
import { IsaError } from "./errors.ts";
import { iced } from "./iced.ts";
import { eachInstruction, type InstructionReference, referenceOf } from "./x86-decode.ts";

export interface AssemblyLine {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** `jmp 0xffff82d0405b0000 <new_version>` */
  readonly text: string;
}

export interface DisassembleOptions {
  /** Address of `bytes[0]`. */
  readonly address: bigint;
  /**
   * Returns the name of an instruction's target, printed after it in angle brackets. `fieldOffset` is
   * the offset in `bytes` of the distance, where its relocation would be.
   */
  readonly resolveName?: (target: bigint, fieldOffset: number) => string | undefined;
}

/** Bytes that are not an instruction become a line `(bad)`. @throws IsaError isa/unsupported */
export function disassemble(
  machine: number,
  bytes: Uint8Array,
  options: DisassembleOptions,
): readonly AssemblyLine[] {
  requireX86(machine);
  const library = iced();
  const formatter = new library.Formatter(library.FormatterSyntax.Gas);
  try {
    formatter.uppercaseHex = false;
    formatter.spaceAfterOperandSeparator = false;
    formatter.ripRelativeAddresses = true;
    const lines: AssemblyLine[] = [];
    let offset = 0;
    eachInstruction(bytes, options.address, (instruction, decoder) => {
      const reference = referenceOf(library, instruction, decoder);
      const note =
        reference === undefined ? "" : noteOf(reference, offset + reference.fieldStart, options);
      lines.push({
        address: instruction.ip,
        bytes: bytes.subarray(offset, offset + instruction.length),
        text: formatter.format(instruction) + note,
      });
      offset += instruction.length;
    });
    return lines;
  } finally {
    formatter.free();
  }
}

/** Added as objdump does: the address after a RIP-relative operand, the name after an address. */
function noteOf(
  reference: InstructionReference,
  fieldOffset: number,
  { resolveName }: DisassembleOptions,
): string {
  const name = resolveName?.(reference.target, fieldOffset);
  const address = reference.kind === "operand" ? ` # ${hexNumber(reference.target)}` : "";
  return name === undefined ? address : `${address} <${name}>`;
}

function requireX86(machine: number): void {
  if (findArchitecture(machine) === "x86_64") return;
  throw new IsaError({
    code: "isa/unsupported",
    problem: `Cannot disassemble code of machine ${machine}: only x86-64 is supported`,
    expected: "62 (x86-64)",
    remedy: "use objdump -d of that machine's binutils",
  });
}
