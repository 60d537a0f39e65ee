// Instruction sets: relocation arithmetic, entry jumps, and decoding of x86-64.

export { Aarch64Relocation } from "./aarch64.ts";
export {
  type Architecture,
  architectures,
  findArchitecture,
  machineOfArchitecture,
} from "./architecture.ts";
export { type AssemblyLine, type DisassembleOptions, disassemble } from "./disassemble.ts";
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
