// Instructions by their words, so that no assembler for AArch64 is needed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../../bytes/byte-writer.ts";
import { Machine, SectionFlag } from "../../elf/constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { undefinedSymbol } from "../../elf/draft-symbols.ts";
import { describeRelocations } from "./emit.test.support.ts";
import { EmitError } from "./input.ts";
import { redirectToXen } from "./redirect.ts";

/** The replaced function f, two instructions long, and behind it g of these words. */
function redirected(...words: readonly number[]): readonly string[] {
  const code = [0xd503201f, 0xd65f03c0, ...words]; // f: nop; ret
  const content = code.reduce((writer, word) => writer.u32(word), new ByteWriter()).toBytes();
  const text: DraftSection = {
    name: ".text",
    type: "SHT_PROGBITS",
    flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR,
    alignment: 4,
    entrySize: 0,
    content,
    relocations: [],
  };
  const f: DraftSymbol = { ...undefinedSymbol("f"), type: "STT_FUNC", size: 8n, place: text };
  const machine = Machine.EM_AARCH64;
  const draft: ElfDraft = { machine, osAbi: 0, flags: 0, sections: [text], symbols: [f] };
  redirectToXen(draft, [{ newBody: f, xenFunction: undefinedSymbol("xen:f") }], "aarch64");
  return describeRelocations(draft, text);
}

test("redirectToXen() gives bl and b on AArch64 a relocation against Xen's function", () => {
  assert.deepEqual(redirected(0x97fffffe, 0x17fffffd), [
    "R_AARCH64_CALL26 xen:f+0", // bl f
    "R_AARCH64_JUMP26 xen:f+0", // b  f
  ]);
});

test("redirectToXen() refuses AArch64 instructions that do not reach Xen", () => {
  const short = [
    ["b.eq f", 0x54ffffc0],
    ["cbz x0, f", 0xb4ffffc0],
    ["tbz w0, #3, f", 0x361fffc0],
    ["adr x0, f", 0x10ffffc0],
  ] as const;
  for (const [text, word] of short) {
    assert.throws(
      () => redirected(word),
      (error) => error instanceof EmitError && error.report.code === "emit/short-branch",
      text,
    );
  }
});

test("redirectToXen() leaves what AArch64 code reads at a function's start where it is", () => {
  assert.deepEqual(redirected(0x58ffffc0), []); // ldr x0, f
});
