// What follows the opcodes that compilers use most (SDM volume 2, appendix A), for x86-common.ts. What
// is not here, or only sometimes an instruction, is left to the library.

export const Form = {
  modRM: 0x01,
  imm8: 0x02,
  /** 4 bytes, or 2 with an operand-size prefix. */
  immZ: 0x04,
  imm16: 0x08,
  /** As immZ, but 8 bytes with REX.W. */
  immV: 0x10,
  rel8: 0x20,
  rel32: 0x40,
  /** Nothing. */
  none: 0x80,
  /** The operand lies in memory. */
  memory: 0x100,
  /** LOCK may precede it when its operand lies in memory. */
  lock: 0x200,
  /** F2 or F3 may precede it, and does not make another instruction of it. */
  rep: 0x400,
  needsF3: 0x800,
  /** The ModRM byte is one of `exactModRMs`. */
  exact: 0x1000,
} as const;

/** Opcodes whose ModRM byte says which of eight operations it is; all are bits. */
export interface Group {
  readonly known: number;
  readonly lockable: number;
  /** The others have no immediate. */
  readonly immediateFor: number;
  /** Another length, or another meaning, with an operand-size prefix. */
  readonly noSize: number;
}

/** Two-byte opcodes of which some have a ModRM byte that says all, and no operand. */
export const exactModRMs: ReadonlyMap<number, readonly number[]> = new Map([
  [0x01, [0xc8, 0xc9, 0xca, 0xcb, 0xf8]], // monitor, mwait, clac, stac, swapgs
  [0x1e, [0xfa]], // endbr64
  [0xae, [0xe8, 0xf0, 0xf8]], // lfence, mfence, sfence
]);

export const oneByteForms = new Uint16Array(256);
export const twoByteForms = new Uint16Array(256);
export const oneByteGroups: (Group | undefined)[] = [];
export const twoByteGroups: (Group | undefined)[] = [];

const { modRM, imm8, immZ, imm16, immV, rel8, rel32, none, memory, lock, rep } = Form;

// add, or, adc, sbb, and, sub, xor, cmp; only the last does not write
for (const base of [0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38]) {
  const form = base === 0x38 ? modRM : modRM | lock;
  oneByte(form, base, base + 1);
  oneByte(modRM, base + 2, base + 3);
  oneByte(imm8, base + 4);
  oneByte(immZ, base + 5);
}
oneByte(none, ...range(0x50, 0x5f)); // push, pop
oneByte(modRM, 0x63); // movsxd
oneByte(immZ, 0x68); // push
oneByte(modRM | immZ, 0x69); // imul
oneByte(imm8, 0x6a); // push
oneByte(modRM | imm8, 0x6b); // imul
oneByte(rel8 | rep, ...range(0x70, 0x7f)); // jcc
oneByteGroup(modRM | imm8 | lock, { lockable: 0x7f }, 0x80, 0x83);
oneByteGroup(modRM | immZ | lock, { lockable: 0x7f }, 0x81);
oneByte(modRM, 0x84, 0x85); // test
oneByte(modRM | lock, 0x86, 0x87); // xchg
oneByte(modRM, ...range(0x88, 0x8b)); // mov
oneByte(modRM | memory, 0x8d); // lea
oneByteGroup(modRM, { known: 0x01 }, 0x8f); // pop
oneByte(none | rep, 0x90); // nop, pause
oneByte(none, ...range(0x91, 0x99)); // xchg, cwde, cdq
oneByte(none, 0x9c, 0x9d); // pushf, popf
oneByte(none | rep, ...range(0xa4, 0xa7), ...range(0xaa, 0xaf)); // movs, cmps, stos, lods, scas
oneByte(imm8, 0xa8); // test
oneByte(immZ, 0xa9); // test
oneByte(imm8, ...range(0xb0, 0xb7)); // mov
oneByte(immV, ...range(0xb8, 0xbf)); // mov
oneByteGroup(modRM | imm8, { known: 0xbf }, 0xc0, 0xc1); // rol … sar
oneByte(imm16, 0xc2); // ret
oneByte(none | rep, 0xc3); // ret
oneByteGroup(modRM | imm8, { known: 0x01 }, 0xc6); // mov
oneByteGroup(modRM | immZ, { known: 0x01 }, 0xc7); // mov
oneByte(none, 0xc9, 0xcc); // leave, int3
oneByteGroup(modRM, { known: 0xbf }, ...range(0xd0, 0xd3)); // rol … sar
oneByte(imm8, ...range(0xe4, 0xe7)); // in, out
oneByte(rel32 | rep, 0xe8, 0xe9); // call, jmp
oneByte(rel8 | rep, 0xeb); // jmp
oneByte(none, ...range(0xec, 0xef)); // in, out
oneByte(none, 0xf4, 0xf5, ...range(0xf8, 0xfd)); // hlt, cmc, clc … std
// test, not, neg, mul, imul, div, idiv
const unary = { known: 0xfd, lockable: 0x0c, immediateFor: 0x01 };
oneByteGroup(modRM | imm8 | lock, unary, 0xf6);
oneByteGroup(modRM | immZ | lock, unary, 0xf7);
oneByteGroup(modRM | lock, { known: 0x03, lockable: 0x03 }, 0xfe); // inc, dec
// inc, dec, call, jmp, push
oneByteGroup(modRM | lock | rep, { known: 0x57, lockable: 0x03, noSize: 0x54 }, 0xff);

twoByte(none, 0x06, 0x09, 0x0b); // clts, wbinvd, ud2
twoByte(modRM | Form.exact, 0x01, 0xae);
twoByte(modRM | Form.exact | Form.needsF3, 0x1e);
twoByteGroup(modRM, { known: 0x01 }, 0x1f); // nop
twoByte(none, 0x30, 0x31, 0x32, 0xa2); // wrmsr, rdtsc, rdmsr, cpuid
twoByte(modRM, ...range(0x40, 0x4f)); // cmovcc
twoByte(rel32 | rep, ...range(0x80, 0x8f)); // jcc
twoByteGroup(modRM, { noSize: 0xff }, 0x78, 0x79); // vmread, vmwrite
twoByte(modRM, ...range(0x90, 0x9f)); // setcc
twoByte(modRM, 0xa3); // bt
twoByte(modRM | lock, 0xab, 0xb3, 0xbb); // bts, btr, btc
twoByte(modRM | imm8, 0xa4, 0xac); // shld, shrd
twoByte(modRM, 0xa5, 0xad, 0xaf); // shld, shrd, imul
twoByte(modRM | lock, 0xb0, 0xb1, 0xc0, 0xc1); // cmpxchg, xadd
twoByte(modRM, 0xb6, 0xb7, 0xbe, 0xbf); // movzx, movsx
twoByte(modRM | Form.needsF3, 0xb8); // popcnt
twoByteGroup(modRM | imm8 | lock, { known: 0xf0, lockable: 0xe0 }, 0xba); // bt, bts, btr, btc
twoByte(modRM | rep, 0xbc, 0xbd); // bsf, bsr, tzcnt, lzcnt
twoByteGroup(modRM | memory | lock, { known: 0x02, lockable: 0x02, noSize: 0xff }, 0xc7); // cmpxchg16b
twoByte(none, ...range(0xc8, 0xcf)); // bswap

function oneByte(form: number, ...opcodes: readonly number[]): void {
  for (const opcode of opcodes) oneByteForms[opcode] = form;
}

function twoByte(form: number, ...opcodes: readonly number[]): void {
  for (const opcode of opcodes) twoByteForms[opcode] = form;
}

function oneByteGroup(form: number, group: Partial<Group>, ...opcodes: readonly number[]): void {
  oneByte(form, ...opcodes);
  for (const opcode of opcodes) oneByteGroups[opcode] = groupOf(group);
}

function twoByteGroup(form: number, group: Partial<Group>, ...opcodes: readonly number[]): void {
  twoByte(form, ...opcodes);
  for (const opcode of opcodes) twoByteGroups[opcode] = groupOf(group);
}

function groupOf({
  known = 0xff,
  lockable = 0,
  immediateFor = 0xff,
  noSize = 0,
}: Partial<Group>): Group {
  return { known, lockable, immediateFor, noSize };
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
