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

test("listCode() shows words of AArch64 with the names of what they refer to", () => {
  // bl (relocated), b +8, ret
  const words = Uint8Array.of(0, 0, 0, 0x94, 2, 0, 0, 0x14, 0xc0, 3, 0x5f, 0xd6, 0, 0, 0, 0);
  const type = Aarch64Relocation.R_AARCH64_CALL26;
  const lines = listed(Machine.EM_AARCH64, words, [
    { offset: 0, type, symbol: external, addend: 0n },
  ]);
  assert.deepEqual(
    lines.map(({ offset, text }) => [offset, text]),
    [
      [0, ".inst 0x94000000 # printk (R_AARCH64_CALL26)"],
      [4, ".inst 0x14000002 # +0xc"],
      [8, ".inst 0xd65f03c0"],
      [12, ".inst 0x00000000"],
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
