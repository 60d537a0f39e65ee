// Disassembles code to lines of text, in the syntax of the GNU tools.

import { hexNumber } from "../bytes/hex.ts";
import { disassembleAarch64 } from "./aarch64/disassemble-aarch64.ts";
import { findArchitecture } from "./architecture.ts";
import type { AssemblyLine, DisassembleOptions } from "./assembly-line.ts";
import { IsaError } from "./errors.ts";
import { iced } from "./iced.ts";
import { eachInstruction, type InstructionReference, referenceOf } from "./x86-decode.ts";

/**
 * Bytes that are not an instruction become a line `(bad)`, on AArch64 `.inst WORD`.
 * @throws IsaError isa/unsupported
 */
export function disassemble(
  machine: number,
  bytes: Uint8Array,
  options: DisassembleOptions,
): readonly AssemblyLine[] {
  const architecture = findArchitecture(machine);
  if (architecture === undefined) throw unsupported(machine);
  if (architecture === "x86_64") return disassembleX86(bytes, options);
  const { address: start, from = 0 } = options;
  return disassembleAarch64(bytes, options).filter(
    ({ address, bytes }) => Number(BigInt.asUintN(64, address - start)) + bytes.length > from,
  );
}

function disassembleX86(bytes: Uint8Array, options: DisassembleOptions): readonly AssemblyLine[] {
  const library = iced();
  const formatter = new library.Formatter(library.FormatterSyntax.Gas);
  try {
    formatter.uppercaseHex = false;
    formatter.spaceAfterOperandSeparator = false;
    formatter.ripRelativeAddresses = true;
    const lines: AssemblyLine[] = [];
    const { from = 0 } = options;
    let offset = 0;
    eachInstruction(bytes, options.address, (instruction, decoder) => {
      if (offset + instruction.length <= from) {
        offset += instruction.length;
        return;
      }
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

function unsupported(machine: number): IsaError {
  return new IsaError({
    code: "isa/unsupported",
    problem: `Cannot disassemble code of machine ${machine}: only x86-64 and AArch64 are supported`,
    expected: "62 (x86-64) or 183 (AArch64)",
    remedy: "use objdump -d of that machine's binutils",
  });
}
