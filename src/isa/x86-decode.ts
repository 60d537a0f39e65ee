// Finds the places that x86-64 code refers to by a distance: near branches and calls, and operands
// relative to RIP. The assembler resolves such references without a relocation when both ends are in
// one section, so only decoding finds them.

import type { Decoder, Instruction } from "iced-x86";
import { hexNumber } from "../bytes/hex.ts";
import { IsaError } from "./errors.ts";
import { type Iced, iced } from "./iced.ts";

/** The one-byte undefined instruction that marks BUG frames in Xen 4.22 (ABI §1.8). */
export const UDB = 0xd6;

/** One reference. All offsets have the same origin; sizes are in bytes. */
export interface CodeReference {
  readonly kind:
    | "call"
    | "jump"
    | "conditional-jump" // jcc, loop, jrcxz, xbegin
    | "operand"; // RIP-relative
  /** Offset of the instruction. */
  readonly offset: number;
  /** Size of the instruction. */
  readonly length: number;
  /** Offset of the field with the distance, which counts from the instruction's end. */
  readonly displacementOffset: number;
  /** 1 or 4 (2 with an operand-size prefix). */
  readonly displacementSize: number;
  /** May be outside of the code, on either side. */
  readonly target: number;
}

/**
 * Every reference of the code, in order. `baseOffset` is the offset of `bytes[0]` in its section.
 * Includes references that a relocation will fill in, with the target that their present bytes give.
 * @throws IsaError isa/undecodable at bytes that are not an instruction, because the following bytes
 * could be misread
 */
export function decodeBranches(bytes: Uint8Array, baseOffset: number): readonly CodeReference[] {
  const library = iced();
  const found: CodeReference[] = [];
  eachInstruction(bytes, BigInt(baseOffset), (instruction, decoder) => {
    if (instruction.code === library.Code.INVALID) {
      const at = Number(instruction.ip) - baseOffset;
      if (bytes[at] !== UDB) throw undecodable(bytes, at, baseOffset);
      // The library includes the next byte.
      decoder.position = at + 1;
      decoder.ip = instruction.ip + 1n;
      return;
    }
    const reference = referenceOf(library, instruction, decoder);
    if (reference === undefined) return;
    const offset = Number(instruction.ip);
    found.push({
      kind: reference.kind,
      offset,
      length: instruction.length,
      displacementOffset: offset + reference.fieldStart,
      displacementSize: reference.fieldSize,
      target: Number(BigInt.asIntN(64, reference.target)),
    });
  });
  return found;
}

/** Calls `visit` for each instruction, with an object that is reused; `address` is that of `bytes[0]`. */
export function eachInstruction(
  bytes: Uint8Array,
  address: bigint,
  visit: (instruction: Instruction, decoder: Decoder) => void,
): void {
  const library = iced();
  const decoder = new library.Decoder(64, bytes, library.DecoderOptions.None);
  try {
    const instruction = new library.Instruction();
    try {
      decoder.ip = BigInt.asUintN(64, address);
      while (decoder.canDecode) {
        decoder.decodeOut(instruction);
        visit(instruction, decoder);
      }
    } finally {
      instruction.free();
    }
  } finally {
    decoder.free();
  }
}

/** A reference of one instruction, by addresses. */
export interface InstructionReference {
  readonly kind: CodeReference["kind"];
  readonly target: bigint;
  /** Offset of the field with the distance, from the instruction's start. */
  readonly fieldStart: number;
  readonly fieldSize: number;
}

/** The place that the instruction refers to by a distance, if any. */
export function referenceOf(
  library: Iced,
  instruction: Instruction,
  decoder: Decoder,
): InstructionReference | undefined {
  const kind = kindOf(library, instruction);
  if (kind === undefined) return undefined;
  const fields = decoder.getConstantOffsets(instruction);
  try {
    if (kind === "operand") {
      const { displacementOffset: fieldStart, displacementSize: fieldSize } = fields;
      return { kind, target: instruction.ipRelMemoryAddress, fieldStart, fieldSize };
    }
    // iced treats the distance of a branch as an immediate.
    const { immediateOffset: fieldStart, immediateSize: fieldSize } = fields;
    return { kind, target: instruction.nearBranchTarget, fieldStart, fieldSize };
  } finally {
    fields.free();
  }
}

function kindOf(library: Iced, instruction: Instruction): CodeReference["kind"] | undefined {
  if (instruction.isIpRelMemoryOperand) return "operand";
  const { OpKind, FlowControl } = library;
  if (instruction.opCount === 0) return undefined;
  const operand = instruction.op0Kind;
  if (operand !== OpKind.NearBranch64 && operand !== OpKind.NearBranch16) return undefined;
  switch (instruction.flowControl) {
    case FlowControl.Call:
      return "call";
    case FlowControl.UnconditionalBranch:
      return "jump";
    default:
      return "conditional-jump";
  }
}

function undecodable(bytes: Uint8Array, at: number, baseOffset: number): IsaError {
  const found = [...bytes.subarray(at, at + 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return new IsaError({
    code: "isa/undecodable",
    problem: `Cannot decode x86-64 code: ${found.join(" ")} is not an instruction`,
    where: `offset ${hexNumber(baseOffset + at)} of the section`,
    expected: "instructions only, no data among them",
  });
}
