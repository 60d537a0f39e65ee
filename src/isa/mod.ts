// Instruction sets: relocation arithmetic, entry jumps, and decoding of x86-64.
//
// An example: a payload brings a new body of xen_extra_version(), which calls printk().
//
//     48 83 ec 08       sub $8, %rsp
//     e8 00 00 00 00    call printk       R_X86_64_PLT32 printk-4, at offset 5
//
// Xen loads the body to 0xffff82d0405b0000, so the field lies at P = 0xffff82d0405b0005. Its own
// printk() is at S = 0xffff82d040218730. The addend is A = -4, since the CPU counts from the end of the
// instruction, 4 bytes after the start of the field. S + A - P = -0x3978d9: the field becomes
// 27 87 c6 ff (relocate.ts; which types there are, and how wide, say x86.ts and aarch64.ts).
//
// When the payload is applied, Xen writes a jump over the start of the old function, which lies at
// 0xffff82d040234b20: e9 db b4 37 00. The distance 0x37b4db counts from the end of the jump,
// 0xffff82d040234b25, and leads to the new body (jump.ts). A function that begins with f3 0f 1e fa, an
// ENDBR64, keeps these 4 bytes, and the jump stands after them (endbr64.ts). Whoever looks at code, old
// or new, takes it apart into instructions and what they refer to (x86-decode.ts).

export { Aarch64Relocation } from "./aarch64.ts";
export {
  type Architecture,
  architectures,
  findArchitecture,
  machineOfArchitecture,
} from "./architecture.ts";
export type { AssemblyLine, DisassembleOptions } from "./assembly-line.ts";
export { disassemble } from "./disassemble.ts";
export { ENDBR64, ENDBR64_SIZE, startsWithEndbr64, startsWithPoisonedEndbr } from "./endbr64.ts";
export { IsaError } from "./errors.ts";
export {
  decodeJump,
  encodeJump,
  JUMP_SIZE,
  jumpOffsetAt,
} from "./jump.ts";
export {
  canRelocate,
  nameOfRelocation,
  type RelocationFailure,
  type RelocationRequest,
  relocate,
} from "./relocate.ts";
export { X86Relocation } from "./x86.ts";
export { type CodeReference, decodeBranches } from "./x86-decode.ts";
export type { CallClobbered } from "./x86-registers.ts";
