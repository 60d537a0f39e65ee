// The jump that Xen writes over the start of a replaced function (ABI §5.1, §5.4).

import { ByteWriter } from "../bytes/byte-writer.ts";
import { type Architecture, findArchitecture } from "./architecture.ts";
import { ENDBR64_SIZE, startsWithEndbr64, startsWithPoisonedEndbr } from "./endbr64.ts";
import { IsaError } from "./errors.ts";

/** In bytes: the size of jmp rel32, and of b. */
export const JUMP_SIZE = { x86_64: 5, aarch64: 4 } as const satisfies Record<Architecture, number>;
/** The first byte of jmp rel32; the distance from its end follows. */
export const X86_JUMP_OPCODE = 0xe9;
/** The first byte of call rel32, which is encoded like the jump. */
export const X86_CALL_OPCODE = 0xe8;
/** b of AArch64: the fixed bits of its word; the others hold the distance in words. */
export const AARCH64_JUMP = { mask: 0xfc000000, bits: 0x14000000 } as const;

/**
 * The bytes of an unconditional jump at `from`; undefined when `to` is out of reach (2 GiB on x86-64,
 * 128 MiB and multiples of 4 on AArch64).
 * @throws IsaError isa/unsupported for other machines
 */
export function encodeJump(machine: number, from: bigint, to: bigint): Uint8Array | undefined {
  switch (findArchitecture(machine)) {
    case "x86_64": {
      const distance = BigInt.asIntN(64, to - (from + BigInt(JUMP_SIZE.x86_64)));
      if (BigInt.asIntN(32, distance) !== distance) return undefined;
      return new ByteWriter().u8(X86_JUMP_OPCODE).i32(Number(distance)).toBytes();
    }
    case "aarch64": {
      const distance = BigInt.asIntN(64, to - from);
      if (BigInt.asIntN(28, distance) !== distance || distance % 4n !== 0n) return undefined;
      const field = BigInt.asUintN(26, distance >> 2n);
      return new ByteWriter().u32(AARCH64_JUMP.bits | Number(field)).toBytes();
    }
    case undefined:
      throw new IsaError({
        code: "isa/unsupported",
        problem: `Cannot encode a jump: machine ${machine} is not known`,
        expected: "62 (x86-64) or 183 (AArch64)",
      });
  }
}

/** The target of a jump at `from`; undefined when the bytes do not start with one. */
export function decodeJump(machine: number, from: bigint, bytes: Uint8Array): bigint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (findArchitecture(machine)) {
    case "x86_64":
      if (bytes.length < JUMP_SIZE.x86_64 || bytes[0] !== X86_JUMP_OPCODE) return undefined;
      return BigInt.asUintN(64, from + BigInt(JUMP_SIZE.x86_64 + view.getInt32(1, true)));
    case "aarch64": {
      if (bytes.length < JUMP_SIZE.aarch64) return undefined;
      const word = view.getUint32(0, true);
      if ((word & AARCH64_JUMP.mask) >>> 0 !== AARCH64_JUMP.bits) return undefined;
      return BigInt.asUintN(64, from + BigInt((word << 6) >> 4));
    }
    case undefined:
      return undefined;
  }
}

/**
 * How many bytes of a function's entry Xen keeps, so that its jump comes after them: an ENDBR64, or the
 * poison that Xen wrote over it (4.17 and later). Only x86-64 has such marks.
 */
export function jumpOffsetAt(machine: number, entry: Uint8Array): number {
  if (findArchitecture(machine) !== "x86_64") return 0;
  return startsWithEndbr64(entry) || startsWithPoisonedEndbr(entry) ? ENDBR64_SIZE : 0;
}
