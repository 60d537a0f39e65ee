// Good payloads that mutations start from: by our own emitter with all that it can put in, by stock
// tools, and by hand field by field; for the synthetic hypervisor of the model, so that many mutants
// get past its first checks.

import { parseHex } from "../../src/bytes/hex.ts";
import { ElfType, Machine } from "../../src/elf/constants.ts";
import { compileDraft, symbolNamed } from "../../src/payload/emit/emit.test.support.ts";
import { emitPayload } from "../../src/payload/emit/emit.ts";
import type { EmitInput } from "../../src/payload/emit/input.ts";
import { makeElf } from "../../src/xen-model/hand-made-elf.test.support.ts";
import {
  FUNCTION_SIZE,
  idOf,
  syntheticPayload,
  syntheticPayloadParts,
  XEN_ID,
} from "../../src/xen-model/synthetic.test.support.ts";
import { makeStockPayload } from "../stock-payload.ts";

export interface FuzzSeed {
  readonly name: string;
  /** Of the synthetic hypervisor that takes it. */
  readonly release: string;
  /** It depends on `payloadBelow`. */
  readonly isStacked?: true;
  readonly bytes: Uint8Array;
}

/** A build-id, as the synthetic payload below has it. */
const BELOW = "0b";

/** What lies under the mutants, so that some of them have something to depend on. */
export const payloadBelow: Uint8Array = syntheticPayload({
  id: BELOW,
  entries: [{ old: "alpha", by: "below_alpha" }],
  more: { symbols: [{ name: "below_data", section: ".text", value: 0n, size: 1n }] },
});

/** Compiled once in a process; the same on machines with the same gcc. */
export function fuzzSeeds(): readonly FuzzSeed[] {
  return [
    ...handMade(),
    { name: "emitter", release: "4.17.5", bytes: emitted() },
    {
      name: "emitter, writable table",
      release: "4.14.6",
      bytes: emitted({ funcsAccess: "writable" }),
    },
    { name: "emitter, version 1", release: "4.13.0", bytes: emittedForVersion1() },
    {
      name: "emitter, on another",
      isStacked: true,
      release: "4.20.4",
      bytes: emitted({ depends: parseHex(idOf(BELOW)) }),
    },
    { name: "stock tools", release: "4.17.5", bytes: stock() },
  ];
}

function handMade(): readonly FuzzSeed[] {
  const entries = [
    { old: "beta", by: "new_beta", expectation: "31c00f1f" },
    { old: "gamma", by: { nopBytes: 7 } },
    { old: "marked", by: "new_marked" },
  ];
  const arm = syntheticPayloadParts({ id: "05", entries: [{ old: "alpha", by: { nopBytes: 8 } }] });
  const armSections = arm.sections.map(({ relocations, ...section }) => ({
    ...section,
    ...(relocations && { relocations: relocations.map((one) => ({ ...one, type: 257 })) }),
  }));
  return [
    { name: "by hand", release: "4.17.5", bytes: syntheticPayload({ id: "01", entries }) },
    {
      name: "by hand, data and metadata",
      release: "4.21.0",
      bytes: syntheticPayload({ id: "02", entries, data: true, metadata: ["title=x", "a="] }),
    },
    {
      name: "by hand, version 1",
      release: "4.10.4",
      bytes: syntheticPayload({ id: "03", version: 1, entries: [{ old: "beta", by: "new_beta" }] }),
    },
    {
      name: "by hand, on another",
      isStacked: true,
      release: "4.22.0",
      bytes: syntheticPayload({ id: "04", depends: idOf(BELOW), entries }),
    },
    {
      name: "by hand, AArch64",
      release: "4.17.5",
      bytes: makeElf({
        type: ElfType.ET_REL,
        machine: Machine.EM_AARCH64,
        sections: armSections,
        symbols: arm.symbols,
      }),
    },
  ];
}

/** Every kind of special table, string, call and data; hooks; what other functions refer to. */
const everything = `
  extern int counter; int helper(int); int alpha(int);
  static int own = 3; static const int table[] = { 4, 5, 6 }; static int zeroes[16];
  __attribute__((noinline)) static int inner(int n) { return table[n & 1] + own++ + zeroes[n & 15]; }
  const char *f(int n)
  {
      asm volatile("1: incl %0\\n"
          ".pushsection .ex_table,\\"a\\"\\n .long 1b - ., 2f - .\\n .popsection\\n"
          ".pushsection .fixup,\\"ax\\"\\n 2: nop\\n jmp 1b\\n .popsection\\n" : "+m"(counter));
      asm volatile("3: .byte 0x0f,0x1f,0x00\\n"
          ".pushsection .altinstr_replacement,\\"ax\\"\\n 4: stac\\n .popsection\\n"
          ".pushsection .altinstructions,\\"a\\"\\n .long 3b - ., 4b - .\\n .word 77\\n"
          ".byte 3, 3, ALT_PADDING\\n .popsection\\n");
      asm volatile("5: ud2\\n"
          ".pushsection .rodata.str,\\"aMS\\",@progbits,1\\n 6: .asciz \\"file.c\\"\\n"
          "7: .asciz \\"n > 0\\"\\n .popsection\\n"
          ".pushsection .bug_frames.3,\\"a\\"\\n 8: .long 5b - 8b + (2 << 24), 6b - 8b + (44 << 24)\\n"
          ".long 0, 7b - 8b\\n .popsection\\n"
          ".pushsection .bug_frames.1,\\"a\\"\\n 9: .long 5b - 9b, 6b - 9b\\n .popsection\\n");
      switch (n) {
      case 0: return "zero"; case 1: return "one"; case 2: return "two"; case 3: return "three";
      case 4: return "four"; case 5: return "five";
      }
      return inner(n) + helper(n) + alpha(n) > 9 ? "many" : "few";
  }
  int g(int n) { return f(n)[0] + inner(n + 1); }
  void loaded(void) { own = 0; }
  int may(void *payload) { return payload == 0; }`;

function compiled(paddingBytes: string) {
  const draft = compileDraft({ c: everything.replace("ALT_PADDING", paddingBytes) });
  for (const symbol of draft.symbols) {
    if (symbol.name === "helper") symbol.name = "common/letters.c#helper";
  }
  return draft;
}

function emitted(more: Partial<EmitInput> = {}): Uint8Array {
  const draft = compiled("0, 0");
  return emitPayload({
    architecture: "x86_64",
    payloadVersion: 2,
    objects: [{ source: "everything.c", draft }],
    replacements: [
      { oldName: "alpha", oldSizeBytes: FUNCTION_SIZE, newBody: symbolNamed(draft, "f") },
      { oldName: "marked", oldSizeBytes: FUNCTION_SIZE, newBody: symbolNamed(draft, "g") },
    ],
    guards: [
      { label: "beta+2", oldName: "beta", oldOffset: 2, bytes: parseHex("0f1f40000f1f4000") },
    ],
    hooks: [
      { kind: "load", code: symbolNamed(draft, "loaded") },
      { kind: "preapply", code: symbolNamed(draft, "may") },
    ],
    stacking: { mode: "independent", guard: "full", marker: "carried", requires: [] },
    depends: parseHex(XEN_ID),
    xenDepends: parseHex(XEN_ID),
    metadata: [["title", "all that there is"]],
    reasons: [{ function: "alpha", text: "calls new function inner" }],
    funcsAccess: "read-only",
    ...more,
  }).bytes;
}

function emittedForVersion1(): Uint8Array {
  return emitted({
    payloadVersion: 1,
    guards: [],
    hooks: [],
    stacking: { mode: "stack", guard: "none", marker: "none", requires: [] },
  });
}

function stock(): Uint8Array {
  return makeStockPayload({
    code: `extern int counter; int stock_data = 7;
      const char *stock_beta(void) { return "-stock"; }
      int stock_hook(void *payload) { return stock_data + counter > 1000; }`,
    functions: [
      { name: "beta", oldAddress: "by-symbol", oldSize: 64, by: { symbol: "stock_beta" } },
      { name: "gamma", oldSize: 64, by: "guard", expectation: "31c0" },
      { name: "delta", oldSize: 64, by: { nopBytes: 5 }, expectation: "31" },
    ],
    xenBuildId: XEN_ID,
    hooks: { preapply: ["stock_hook"], postrevert: ["stock_hook"] },
    metadata: ["author=me"],
  });
}
