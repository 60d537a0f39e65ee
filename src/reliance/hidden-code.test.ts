import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { ALL_CALL_CLOBBERED, FLAGS, namesOfRegisters, registerSet } from "../isa/x86-registers.ts";
import { certainlyPreserved, Effects } from "./effects.ts";
import { type Alternative, type Destination, FunctionCode } from "./function-code.ts";
import { alternativeOf } from "./hidden-code.ts";
import { findReads } from "./read-after.ts";

interface Hidden {
  readonly alternatives?: readonly Alternative[];
  readonly faults?: ReadonlyMap<number, Destination>;
}

function code(hex: string, { alternatives = [], faults = new Map() }: Hidden = {}): FunctionCode {
  return new FunctionCode({
    name: "f",
    bytes: parseHex(hex),
    leadTo: ({ target, isCall }) =>
      isCall
        ? { kind: "function", place: { code: EMPTY, offset: 0 }, isSeen: true }
        : { kind: "inside", offset: target },
    hidden: () => ({ alternatives, faults }),
  });
}

const EMPTY = new FunctionCode({
  name: "empty",
  bytes: parseHex("c3"),
  leadTo: () => ({ kind: "elsewhere" }),
});

function readsFrom(function_: FunctionCode): readonly string[] {
  const effects = new Effects("what-compilers-knew");
  const start = { code: function_, offset: 0 };
  const reads = findReads(start, ALL_CALL_CLOBBERED & ~registerSet("rax", "rdx"), effects);
  return namesOfRegisters(reads.reduce((set, read) => set | read.registers, 0));
}

function preservedBy(function_: FunctionCode, question: "what-compilers-knew" | "what-may-happen") {
  const { preserves } = new Effects(question).of({ code: function_, offset: 0 });
  return namesOfRegisters(preserves);
}

const all = namesOfRegisters(ALL_CALL_CLOBBERED);
const WRMSR = "0f30";
const STORE_R9 = "4c890f"; // mov %r9,(%rdi)

test("alternativeOf() tells what the other code takes from outside", () => {
  const of = (hex: string) => alternativeOf({ start: 0, end: 4, replacement: parseHex(hex) });
  assert.deepEqual(namesOfRegisters(of(WRMSR).reads), ["rax", "rcx", "rdx"]);
  assert.deepEqual(namesOfRegisters(of("31c90f30").reads), ["rax", "rdx"], "xor %ecx,%ecx; wrmsr");
  assert.deepEqual(namesOfRegisters(of("31c9").mayChange), ["rcx", "flags"]);
  assert.equal(of("").mayChange | of("").reads, 0);
});

test("alternativeOf() takes what it cannot follow for using everything but flags", () => {
  const jump = alternativeOf({ start: 0, end: 5, replacement: parseHex("e900000000") });
  assert.equal(jump.mayChange, ALL_CALL_CLOBBERED);
  assert.equal(jump.reads, ALL_CALL_CLOBBERED & ~FLAGS);
});

test("findReads() sees what boot may put in the place of NOPs", () => {
  const replacement = parseHex(WRMSR);
  const alternatives = [alternativeOf({ start: 0, end: 2, replacement })];
  assert.deepEqual(readsFrom(code("9090c3", { alternatives })), ["rcx"]);
  assert.deepEqual(readsFrom(code("9090c3")), []);
});

test("findReads() takes nothing for written where another instruction may stand", () => {
  const body = `4531c9${STORE_R9}c3`; // xor %r9d,%r9d in front
  const alternatives = [alternativeOf({ start: 0, end: 3, replacement: parseHex("0f1f00") })];
  assert.deepEqual(readsFrom(code(body)), ["rdi"]);
  assert.deepEqual(readsFrom(code(body, { alternatives })), ["rdi", "r9"]);
});

test("findReads() goes on where a fault leads to, with what was there before the instruction", () => {
  // mov (%rdi),%r9; ret; and behind it: mov %r9,(%rdi); ret
  const body = `4c8b0fc3${STORE_R9}c3`;
  const faults = new Map([[0, { kind: "inside", offset: 4 } as const]]);
  assert.deepEqual(readsFrom(code(body)), ["rdi"]);
  assert.deepEqual(readsFrom(code(body, { faults })), ["rdi", "r9"]);
});

test("Effects follows faults: what the code there changes is changed", () => {
  const faults = new Map([[0, { kind: "inside", offset: 4 } as const]]);
  const body = "488b07c331c9c3"; // mov (%rdi),%rax; ret; xor %ecx,%ecx; ret
  assert.ok(preservedBy(code(body), "what-may-happen").includes("rcx"));
  assert.ok(!preservedBy(code(body, { faults }), "what-may-happen").includes("rcx"));
});

test("Effects takes a call that boot may replace for one by assembly, which says what it changes", () => {
  const alternatives = [alternativeOf({ start: 0, end: 5, replacement: parseHex("f3480fb8c7") })];
  const calling = code("e800000000c3", { alternatives });
  const known = preservedBy(calling, "what-compilers-knew");
  assert.deepEqual(known, ["rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"]);
  assert.deepEqual(preservedBy(calling, "what-may-happen"), []);
});

test("Effects lets a table of jumps preserve for compilers what the code before it does", () => {
  const jumping = code("31c9ffe0"); // xor %ecx,%ecx; jmp *%rax
  const known = all.filter((name) => name !== "rcx" && name !== "flags");
  assert.deepEqual(preservedBy(jumping, "what-compilers-knew"), known);
  assert.deepEqual(preservedBy(jumping, "what-may-happen"), []);
});

test("certainlyPreserved() names what every function of a chain leaves alone, whoever asks", () => {
  const [one, other] = [code("31c9c3"), code("4531c9c3")]; // xor %ecx,%ecx; xor %r9d,%r9d
  const names = all.filter((name) => !["rcx", "r9", "flags"].includes(name));
  assert.deepEqual(namesOfRegisters(certainlyPreserved([one, other])), names);
  assert.equal(certainlyPreserved([one, code("ffe0")]), 0);
});

const [IRETQ, VMCALL, CLEAR_R9] = ["48cf", "0f01c1", "4531c9"];

test("findReads() and Effects go on behind iretq, by which C code has NMIs again", () => {
  assert.deepEqual(readsFrom(code(`${IRETQ}${STORE_R9}c3`)), ["rdi", "r9"]);
  const clearing = code(`${IRETQ}${CLEAR_R9}c3`);
  assert.ok(!preservedBy(clearing, "what-may-happen").includes("r9"));
});

test("a hypercall reads what holds arguments, and only its compiler knows what it leaves alone", () => {
  const calling = code(`${VMCALL}c3`);
  assert.ok(readsFrom(calling).includes("rdi"));
  assert.ok(readsFrom(calling).includes("r10"));
  assert.deepEqual(
    preservedBy(calling, "what-compilers-knew"),
    namesOfRegisters(ALL_CALL_CLOBBERED & ~FLAGS),
  );
  assert.deepEqual(preservedBy(calling, "what-may-happen"), []);
});
