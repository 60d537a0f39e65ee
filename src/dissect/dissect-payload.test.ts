import assert from "node:assert/strict";
import { test } from "node:test";
import { Machine } from "../elf/constants.ts";
import { readElf } from "../elf/read.ts";
import { compileDraft, emitInput } from "../payload/emit/emit.test.support.ts";
import { emitPayload } from "../payload/emit/emit.ts";
import { parsePayload } from "../payload/parse.ts";
import { describeTables } from "./describe-tables.ts";
import { type DissectOptions, dissectPayload } from "./dissect-payload.ts";
import type { RunningCode } from "./running-code.ts";

function dissect(bytes: Uint8Array, more: Partial<DissectOptions> = {}) {
  const options = { release: undefined, code: "all", running: undefined, ...more } as const;
  return dissectPayload(bytes, parsePayload(bytes, "fix.livepatch"), options);
}

function emitC(c: string, replaced: readonly string[]): Uint8Array {
  return emitPayload(emitInput(compileDraft({ c }), replaced)).bytes;
}

const example = emitC(
  `static int counter; static const int table[] = { 1, 2, 3 }; extern int xen_helper(int);
   __attribute__((noinline)) static int helper(int n) { return table[n] + counter++; }
   __attribute__((noinline)) int f(int n) { return helper(n) + xen_helper(n); }
   int g(int n) { return f(n) + 1; }`,
  ["f", "g"],
);

test("dissectPayload() lists code with the names of what it refers to, tags left out", () => {
  const { code } = dissect(example);
  const [f, g, helper] = code;
  assert.deepEqual(
    code.map(({ name, role }) => `${role} ${name}`),
    ["replacement xen_f", "replacement xen_g", "function helper"],
  );
  const textOf = (listed: typeof f) => listed?.instructions.map(({ text }) => text) ?? [];
  assert.ok(textOf(f).includes("call helper"), textOf(f).join("\n"));
  assert.ok(textOf(f).some((text) => text.endsWith(" xen_helper")));
  assert.ok(textOf(g).includes("call xen_f"));
  assert.ok(textOf(helper).some((text) => text.includes("counter(%rip)")));
  const sizes = code.map(({ instructions }) =>
    instructions.reduce((sum, { bytes }) => sum + bytes.length, 0),
  );
  assert.deepEqual(
    sizes,
    code.map(({ size }) => size),
  );
});

test("dissectPayload() shows a literal by its text and an address of 64 bits by its symbol", () => {
  const bytes = emitC(
    `extern int xen_variable;
     const char *f(void) { return "some text"; }
     void *g(void) { void *p; asm("movabs $xen_variable, %0" : "=r"(p)); return p; }`,
    ["f", "g"],
  );
  const [f, g] = dissect(bytes).code;
  assert.equal(f?.instructions[0]?.text, 'lea "some text"(%rip),%rax');
  assert.match(g?.instructions[0]?.text ?? "", /^mov.* # xen_variable \(R_X86_64_64\)$/);
});

test("dissectPayload() lists a function by the name in the hypervisor or by its own", () => {
  const namesOf = (named: string) =>
    dissect(example, { code: { named } }).code.map(({ name }) => name);
  assert.deepEqual(namesOf("xen_g"), ["xen_g"]);
  assert.deepEqual(namesOf("helper"), ["helper"]);
  assert.deepEqual(namesOf("nobody"), []);
  assert.deepEqual(dissect(example, { code: "none" }).code, []);
});

/** `f` of the hypervisor as gcc makes it, linked nowhere. */
function runningExample(c: string): RunningCode {
  const draft = compileDraft({ c });
  const text = draft.sections.find(({ name }) => name === ".text.f")?.content;
  assert.ok(text instanceof Uint8Array);
  return {
    machine: Machine.EM_X86_64,
    find: (name) => (name === "xen_f" ? { address: 0x1000n, size: text.length } : undefined),
    bytesAt: (_, size) => text.subarray(0, size),
    nameAt: () => undefined,
  };
}

test("dissectPayload() puts the old function beside the new one, and tells where it cannot", () => {
  const bytes = emitC("int f(int n) { return n * 9 + 8; } int g(int n) { return n; }", ["f", "g"]);
  const running = runningExample("int f(int n) { return n * 9 + 4; }");
  const [f, g] = dissect(bytes, { running }).code;
  assert.deepEqual(
    f?.beside?.map(({ kind }) => kind),
    ["differs", "same"],
  );
  assert.match(f?.beside?.[0]?.before ?? "", /^\+0x0: lea 4\(/);
  assert.match(f?.beside?.[0]?.after ?? "", /^\+0x0: lea 8\(/);
  assert.equal(g?.beside, undefined);
  assert.equal(g?.alone, 'the hypervisor has no function "xen_g"');
});

const withTables = `
  extern int xen_flag;
  void xen_dump(void);
  int f(int n)
  {
      asm volatile("1: incl %0\\n"
          ".pushsection .ex_table,\\"a\\"\\n .long 1b - ., 2f - .\\n .popsection\\n"
          ".pushsection .fixup,\\"ax\\"\\n 2: nop\\n .popsection\\n" : "+m"(xen_flag));
      asm volatile("3: .byte 0x0f,0x1f,0x00\\n"
          ".pushsection .altinstr_replacement,\\"ax\\"\\n 4: stac\\n .popsection\\n"
          ".pushsection .altinstructions,\\"a\\"\\n .long 3b - ., 4b - .\\n .word 77\\n"
          ".byte 3, 3, 0, 0\\n .popsection\\n");
      asm volatile("5: ud2\\n"
          ".pushsection .rodata.str,\\"aMS\\",@progbits,1\\n 6: .asciz \\"dir/file.c\\"\\n"
          "7: .asciz \\"n > 0\\"\\n .popsection\\n"
          ".pushsection .bug_frames.3,\\"a\\"\\n 8: .long 5b - 8b + (2 << 24), 6b - 8b + (44 << 24)\\n"
          ".long 0, 7b - 8b\\n .popsection\\n"
          ".pushsection .bug_frames.0,\\"a\\"\\n 9: .long 5b - 9b, xen_dump - 9b\\n .popsection\\n");
      return n;
  }`;

test("dissectPayload() decodes special tables, describeTables() says them in words", () => {
  const { tables } = dissect(emitC(withTables, ["f"]));
  const words = describeTables(tables).map(({ heading, lines }) => [
    heading,
    ...lines.map((line) => line.replace(/f\+0x[\da-f]+/, "f+N")),
  ]);
  assert.deepEqual(words, [
    ["Warnings, bugs and assertions in the code (.bug_frames.0, 1)", "f+N runs xen_dump"],
    [
      "Warnings, bugs and assertions in the code (.bug_frames.3, 1)",
      'f+N: assert that "n > 0", "dir/file.c" line 300',
    ],
    [
      "Code that the hypervisor rewrites for its CPU (.altinstructions, 1)",
      "f+N (3 bytes) becomes .altinstr_replacement (3 bytes) if CPU feature 77 is present",
    ],
    ["Instructions that may fault (.ex_table, 1)", "f+N goes on at .fixup"],
  ]);
});

test("dissectPayload() tells of bytes after the last entry of a table", () => {
  const bytes = emitC(withTables, ["f"]);
  const section = readElf(bytes, "fix").sections.findIndex(
    ({ name }) => name === ".altinstructions",
  );
  const view = new DataView(bytes.buffer);
  // sh_size of the section's header
  view.setBigUint64(Number(view.getBigUint64(40, true)) + section * 64 + 32, 13n, true);
  const { contents } = { contents: parsePayload(emitC(withTables, ["f"]), "fix") };
  const options = { release: undefined, code: "none", running: undefined } as const;
  const { tables } = dissectPayload(bytes, contents, options);
  const table = tables.find(({ section: name }) => name === ".altinstructions");
  assert.deepEqual([table?.entries.length, table?.bytesLeft], [0, 13]);
  assert.match(describeTables(tables)[2]?.lines.join() ?? "", /13 bytes after the last entry/);
});
