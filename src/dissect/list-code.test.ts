import assert from "node:assert/strict";
import { test } from "node:test";
import { Machine, SectionFlag } from "../elf/constants.ts";
import type { DraftSection, DraftSymbol } from "../elf/draft.ts";
import { readElf } from "../elf/read.ts";
import { requireSection } from "../elf/sections.ts";
import { writeElf } from "../elf/write.ts";
import { Aarch64Relocation } from "../isa/aarch64.ts";
import { X86Relocation } from "../isa/x86.ts";
import { listCode } from "./list-code.ts";
import { PayloadPlaces } from "./payload-places.ts";

const external: DraftSymbol = {
  name: "printk",
  value: 0n,
  size: 0n,
  type: "STT_NOTYPE",
  visibility: "STV_DEFAULT",
  binding: "STB_GLOBAL",
  place: "undefined",
};

function listed(
  machine: number,
  content: Uint8Array,
  relocations: DraftSection["relocations"],
  range = { start: 0, size: content.length },
) {
  const text: DraftSection = {
    name: ".text",
    type: "SHT_PROGBITS",
    alignment: 4,
    entrySize: 0,
    flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR,
    content,
    relocations,
  };
  const draft = { machine, osAbi: 0, flags: 0, sections: [text], symbols: [external] };
  const object = readElf(writeElf(draft), "fix.livepatch");
  const section = requireSection(object, ".text");
  return listCode(new PayloadPlaces(object), { section, ...range });
}

test("listCode() names what instructions of AArch64 refer to, by each part of an address", () => {
  const words = [
    ...[0x94000000, 0x14000002, 0xd65f03c0], // bl (relocated), b +8, ret
    ...[0x90000000, 0x91000000, 0xf9400001, 0x79000002], // adrp, add, ldr and strh at x0
    ...[0xd2800000, 0xffffffff], // movz (relocated), no instruction
  ];
  const bytes = new Uint8Array(Uint32Array.from(words).buffer);
  const R = Aarch64Relocation;
  const relocations = [
    [0x00, R.R_AARCH64_CALL26, 0n],
    [0x0c, R.R_AARCH64_ADR_PREL_PG_HI21, 0n],
    [0x10, R.R_AARCH64_ADD_ABS_LO12_NC, 0n],
    [0x14, R.R_AARCH64_LDST64_ABS_LO12_NC, 8n],
    [0x1c, R.R_AARCH64_MOVW_UABS_G0, 0n],
  ] as const;
  const lines = listed(
    Machine.EM_AARCH64,
    bytes,
    relocations.map(([offset, type, addend]) => ({ offset, type, symbol: external, addend })),
  );
  assert.deepEqual(
    lines.map(({ offset, text }) => [offset, text]),
    [
      [0x00, "bl printk"],
      [0x04, "b +0xc"],
      [0x08, "ret"],
      [0x0c, "adrp x0, printk"],
      [0x10, "add x0, x0, :lo12:printk"],
      [0x14, "ldr x1, [x0, :lo12:printk+0x8]"],
      [0x18, "strh w2, [x0]"],
      [0x1c, "mov x0, #0 # printk (R_AARCH64_MOVW_UABS_G0)"],
      [0x20, ".inst 0xffffffff"],
    ],
  );
});

test("listCode() names a reference by its relocation, wherever the instruction's end is", () => {
  // cmpl $1,printk+8(%rip): one byte of constant behind the distance
  const code = Uint8Array.of(0x83, 0x3d, 0, 0, 0, 0, 1, 0xc3);
  const type = X86Relocation.R_X86_64_PC32;
  const [compare, end] = listed(Machine.EM_X86_64, code, [
    { offset: 2, type, symbol: external, addend: 3n },
  ]);
  assert.equal(compare?.text, "cmpl $1,printk+0x8(%rip)");
  assert.equal(end?.text, "ret");
});

test("listCode() lists as much as the section has, and shows bytes that are no instruction", () => {
  const code = Uint8Array.of(0xc3, 0x06);
  const lines = listed(Machine.EM_X86_64, code, [], { start: 0, size: 100 });
  assert.deepEqual(
    lines.map(({ text }) => text),
    ["ret", "(bad)"],
  );
});
