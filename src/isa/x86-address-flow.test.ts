// Each case is assembly whose first instruction takes an address into a register.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { addressEscapes, RESULTS, type WaysOut } from "./x86-address-flow.ts";

/** The code of `.text`, and where relocations fill it in. */
function assemble(text: string): { readonly code: Uint8Array; readonly relocated: Set<number> } {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-flow-"));
  try {
    writeFileSync(join(folder, "file.s"), `.text\n${text}\n`);
    execFileSync("as", ["file.s", "-o", "file.o"], { cwd: folder, stdio: "pipe" });
    execFileSync("objcopy", ["-O", "binary", "-j", ".text", "file.o", "file.bin"], { cwd: folder });
    const listed = execFileSync("objdump", ["-r", "file.o"], { cwd: folder, encoding: "utf8" });
    const offsets = [...listed.matchAll(/^([0-9a-f]{16}) R_X86_64/gm)];
    return {
      code: new Uint8Array(readFileSync(join(folder, "file.bin"))),
      relocated: new Set(offsets.map(([, offset]) => Number.parseInt(offset ?? "", 16))),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const stays: Readonly<Record<string, string>> = {
  "is read through, with an index": "mov (%rax,%rdi,4),%eax\n ret",
  "is compared with": "cmp %rdi,%rax\n sete %al\n movzbl %al,%eax\n ret",
  "is walked with in a loop":
    "lea 16(%rax),%rcx\n 1: add (%rax),%esi\n add $4,%rax\n cmp %rcx,%rax\n jne 1b\n mov %esi,%eax\n ret",
  "is overwritten before a call": "mov (%rax),%edi\n xor %eax,%eax\n call outside\n ret",
  "is kept where calls leave it alone":
    "mov %rax,%rbx\n xor %eax,%eax\n call outside\n mov (%rbx),%eax\n ret",
  "is in no register of the result when the function ends":
    "mov %rax,%rsi\n xor %eax,%eax\n mov (%rsi),%eax\n ret",
};

const escapes: Readonly<Record<string, string>> = {
  "is returned": "ret",
  "is stored": "mov %rax,(%rdi)\n xor %eax,%eax\n ret",
  "is stored after a computation":
    "add $8,%rax\n mov %rax,%rcx\n mov %rcx,(%rdi)\n xor %eax,%eax\n ret",
  "is stored where another may have come instead":
    "test %edi,%edi\n cmovne %rcx,%rax\n mov %rax,(%rsi)\n xor %eax,%eax\n ret",
  "is pushed": "push %rax\n xor %eax,%eax\n ret",
  "is an argument of a call": "mov %rax,%rdi\n call outside\n ret",
  "is an argument of what the function ends with": "mov %rax,%rdi\n jmp outside",
  "is moved to a register that nobody follows": "movq %rax,%xmm0\n xor %eax,%eax\n ret",
  "is stored on one of two paths":
    "test %edi,%edi\n je 1f\n mov %rax,(%rsi)\n 1: xor %eax,%eax\n ret",
  "is at hand where code goes on elsewhere": "jmp *%rcx",
};

function waysOut(more: Partial<WaysOut> = {}): WaysOut {
  return {
    survivors: () => 0,
    results: RESULTS.unknown,
    endOf: () => undefined,
    isKept: () => true,
    ...more,
  };
}

function escapesFrom(body: string): boolean {
  const { code, relocated } = assemble(`lea table(%rip),%rax\n${body}`);
  return addressEscapes(code, { offset: 0 }, relocated, waysOut());
}

for (const [how, body] of Object.entries(stays)) {
  test(`addressEscapes() is false for an address that ${how}`, () => {
    assert.equal(escapesFrom(body), false);
  });
}

for (const [how, body] of Object.entries(escapes)) {
  test(`addressEscapes() is true for an address that ${how}`, () => {
    assert.equal(escapesFrom(body), true);
  });
}

test("addressEscapes() follows an address over a call that leaves its register alone", () => {
  const { code, relocated } = assemble("lea table(%rip),%r10\ncall outside\nmov %r10,(%rdi)\nret");
  const [, call = 0] = [...relocated];
  const leaves = (registers: number) => (field: number) => (field === call ? registers : 0);
  assert.equal(
    addressEscapes(code, { offset: 0 }, relocated, waysOut({ survivors: leaves(0) })),
    false,
  );
  assert.equal(
    addressEscapes(code, { offset: 0 }, relocated, waysOut({ survivors: leaves(1 << 10) })),
    true,
  );
  assert.equal(
    addressEscapes(code, { offset: 0 }, relocated, waysOut({ survivors: leaves(1 << 11) })),
    false,
  );
});

test("addressEscapes() takes what is in the result's registers for handed out only where it is the result", () => {
  const kinds = ["nothing", "number", "unknown"] as const;
  const escapesBy = (body: string): readonly boolean[] => {
    const { code, relocated } = assemble(`lea table(%rip),%rax\n${body}`);
    return kinds.map((kind) =>
      addressEscapes(code, { offset: 0 }, relocated, waysOut({ results: RESULTS[kind] })),
    );
  };
  assert.deepEqual(escapesBy("ret"), [false, true, true]);
  assert.deepEqual(escapesBy("mov %rax,%rdx\n xor %eax,%eax\n ret"), [false, false, true]);
  assert.deepEqual(escapesBy("mov %rax,(%rdi)\n ret"), [true, true, true]);
});

test("addressEscapes() knows jumps that return or call from those that go on elsewhere", () => {
  const { code, relocated } = assemble("lea table(%rip),%rax\n jmp outside");
  const [, field] = [...relocated];
  const escapes = (end: "return" | "call" | undefined, results: number): boolean =>
    addressEscapes(
      code,
      { offset: 0 },
      relocated,
      waysOut({ results, endOf: (at) => (at === field ? end : undefined) }),
    );
  assert.equal(escapes("return", RESULTS.nothing), false);
  assert.equal(escapes("return", RESULTS.number), true);
  assert.equal(escapes("call", RESULTS.number), false);
  assert.equal(escapes(undefined, RESULTS.nothing), true);
});

test("addressEscapes() asks of a call which arguments it keeps, and of no call by a pointer", () => {
  const escapes = (call: string, isKept: WaysOut["isKept"]): boolean => {
    const { code, relocated } = assemble(
      `lea table(%rip),%rax\n mov %rax,%rsi\n ${call}\n xor %eax,%eax\n ret`,
    );
    return addressEscapes(code, { offset: 0 }, relocated, waysOut({ isKept }));
  };
  const rsi = 1 << 6;
  assert.equal(
    escapes("call outside", (_callee, passed) => passed !== rsi),
    false,
  );
  assert.equal(
    escapes("call outside", (_callee, passed) => passed === rsi),
    true,
  );
  for (const call of ["call *%rdx", "call *pointer(%rip)"]) {
    assert.equal(
      escapes(call, () => false),
      true,
      call,
    );
  }
});

test("addressEscapes() follows an address that the function is given", () => {
  const { code, relocated } = assemble("mov (%rdi),%eax\n mov %rsi,(%rdx)\n ret");
  const escapes = (holders: number): boolean =>
    addressEscapes(code, { offset: 0, holders }, relocated, waysOut());
  assert.equal(escapes(1 << 7), false);
  assert.equal(escapes(1 << 6), true);
});
