import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { decodeRegisterSteps, type RegisterStep } from "./x86-register-steps.ts";
import { callClobbered, FLAGS, namesOfRegisters, registerSet } from "./x86-registers.ts";

function step(hex: string): RegisterStep {
  const [first] = decodeRegisterSteps(parseHex(hex), 0).values();
  assert.ok(first);
  return first;
}

const names = (hex: string, what: "reads" | "sets" | "mayChange"): string =>
  namesOfRegisters(step(hex)[what] & ~FLAGS).join();

// What it reads, and what it changes.
const cases: readonly (readonly [text: string, hex: string, reads: string, changes: string])[] = [
  ["mov %rdi,%rax", "4889f8", "rdi", "rax"],
  ["mov %rbx,%r12", "4989dc", "", ""],
  ["mov (%rsi,%rcx,8),%r9", "4c8b0cce", "rcx,rsi", "r9"],
  ["mov %r9,(%rdi)", "4c890f", "rdi,r9", ""],
  ["xor %eax,%eax", "31c0", "", "rax"],
  ["sbb %eax,%eax", "19c0", "", "rax"],
  ["sbb %ecx,%eax", "19c8", "rax,rcx", "rax"],
  ["cpuid", "0fa2", "rax,rcx", "rax,rcx,rdx"],
  ["rep stos %al,(%rdi)", "f3aa", "rax,rcx,rdi", "rcx,rdi"],
  ["cmpxchg %r8d,(%r9)", "450fb101", "rax,r8,r9", "rax"],
  ["push %r11", "4153", "r11", ""],
  ["pop %r11", "415b", "", "r11"],
  ["call 5", "e800000000", "", ""],
  ["ret", "c3", "", ""],
];

for (const [text, hex, reads, changes] of cases) {
  test(`decodeRegisterSteps() knows what ${text} reads and changes`, () => {
    assert.equal(names(hex, "reads"), reads);
    assert.equal(names(hex, "mayChange"), changes);
  });
}

test("decodeRegisterSteps() tells bytes of a register apart", () => {
  const sete = step("0f94c0"); // sete %al
  const low = sete.sets;
  assert.notEqual(low, 0);
  assert.notEqual(low, registerSet("rax"));
  assert.equal(step("0fb6c0").reads, low, "movzbl %al,%eax");
  assert.equal(step("0fb6c4").reads, registerSet("rax") & ~low, "movzbl %ah,%eax");
  assert.equal(step("b401").sets, 0, "mov $1,%ah leaves some of what it is part of");
  assert.equal(step("66b80100").sets, low, "mov $1,%ax leaves the upper bytes");
  assert.equal(step("b801000000").sets, registerSet("rax"), "mov $1,%eax clears them");
});

test("decodeRegisterSteps() keeps what is only written at times", () => {
  const cmov = step("480f44c1"); // cmove %rcx,%rax
  assert.equal(cmov.sets & registerSet("rax"), 0);
  assert.equal(cmov.mayChange & registerSet("rax"), registerSet("rax"));
});

test("decodeRegisterSteps() follows the arithmetic flags as one", () => {
  assert.equal(step("4885c0").sets & FLAGS, FLAGS, "test");
  assert.equal(step("48ffc0").sets & FLAGS, 0, "inc leaves the carry");
  assert.equal(step("48ffc0").mayChange & FLAGS, FLAGS);
  assert.equal(step("7400").reads & FLAGS, FLAGS, "je");
  assert.equal(step("4c89c8").mayChange & FLAGS, 0, "mov");
});

test("decodeRegisterSteps() says where each instruction goes on", () => {
  const flows = [
    ["90", "next"],
    ["eb00", "jump"],
    ["7400", "branch"],
    ["e800000000", "call"],
    ["ffd0", "call-pointer"],
    ["ffe0", "jump-pointer"],
    ["c3", "return"],
    ["48cf", "next"], // iretq
    ["0f01c1", "hypercall"], // vmcall
    ["0f01d9", "hypercall"], // vmmcall
    ["0f0b", "trap"],
    ["cc", "trap"],
    ["d6", "trap"],
    ["06", "unknown"],
  ] as const;
  for (const [hex, flow] of flows) assert.equal(step(hex).flow, flow, hex);
});

test("decodeRegisterSteps() stops where nothing goes on, and never in the midst of an instruction", () => {
  assert.deepEqual([...decodeRegisterSteps(parseHex("90c39090"), 0).keys()], [0, 1]);
  const long = Uint8Array.from(
    Array.from({ length: 60 }, () => [...parseHex("48b8"), ...Buffer.alloc(8)]).flat(),
  );
  const seen = new Set<number>();
  for (let at = 0; at < long.length; ) {
    const steps = decodeRegisterSteps(long, at);
    for (const [offset, { length, sets }] of steps) {
      assert.equal(length, 10);
      assert.equal(sets, registerSet("rax"));
      seen.add(offset);
      at = offset + length;
    }
  }
  assert.equal(seen.size, 60);
  assert.equal(callClobbered.length, 9);
});
