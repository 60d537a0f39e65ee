import assert from "node:assert/strict";
import { test } from "node:test";
import { findInstructions, onlyReads } from "./x86-references.ts";

const code = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);

test("findInstructions() tells distances, constants and taken addresses apart", () => {
  const bytes = code(
    ...[0x48, 0x8d, 0x3d, 0x10, 0, 0, 0], // lea 0x10(%rip),%rdi
    ...[0xba, 0x39, 0x30, 0, 0], // mov $12345,%edx
    ...[0xc7, 0x05, 4, 0, 0, 0, 7, 0, 0, 0], // movl $7,4(%rip)
    ...[0xe8, 0xfb, 0xff, 0xff, 0xff], // call itself
    ...[0x74, 0x00], // je behind
    0xc3, // ret
  );
  const found = findInstructions(bytes)?.map(
    ({ offset, length, reference, immediate, takesAddress }) => ({
      offset,
      length,
      field: reference && [
        reference.kind,
        reference.fieldOffset,
        reference.fieldSize,
        Number(reference.target),
      ],
      immediate: immediate && [immediate.start, immediate.size],
      takesAddress,
    }),
  );
  const none = { field: undefined, immediate: undefined, takesAddress: false };
  assert.deepEqual(found, [
    { ...none, offset: 0, length: 7, field: ["operand", 3, 4, 23], takesAddress: true },
    { ...none, offset: 7, length: 5, immediate: [8, 4] },
    { ...none, offset: 12, length: 10, field: ["operand", 14, 4, 26], immediate: [18, 4] },
    { ...none, offset: 22, length: 5, field: ["call", 23, 4, 22] },
    { ...none, offset: 27, length: 2, field: ["conditional-jump", 28, 1, 29] },
    { ...none, offset: 29, length: 1 },
  ]);
});

test("findInstructions() gives nothing for bytes of which some are no instruction", () => {
  assert.equal(findInstructions(code(0x90, 0x06, 0x90)), undefined);
  assert.deepEqual(findInstructions(code()), []);
});

const accesses: Readonly<
  Record<string, readonly [code: string, field: number, expected: boolean]>
> = {
  "mov v(%rip),%eax": ["8b0500000000", 2, true],
  "cmpl $3,v(%rip)": ["833d0000000003", 2, true],
  "push v(%rip)": ["ff3500000000", 2, true],
  "call *v(%rip)": ["ff1500000000", 2, true],
  "mov v(,%rax,8),%rax": ["488b04c500000000", 4, true],
  "mov %eax,v(%rip)": ["890500000000", 2, false],
  "addl $2,v(%rip)": ["83050000000002", 2, false],
  "pop v(%rip)": ["8f0500000000", 2, false],
  "xchg %eax,v(%rip)": ["870500000000", 2, false],
  "lock cmpxchg %ecx,v(%rip)": ["f00fb10d00000000", 4, false],
  "sete v(%rip)": ["0f940500000000", 3, false],
  "lea v(%rip),%rax": ["488d0500000000", 3, false],
  "mov $v,%rdi": ["48c7c700000000", 3, false],
  "movq $v,(%rdi)": ["48c70700000000", 3, false],
  "cmpq $v,(%rdi)": ["48813f00000000", 3, false],
  "no instruction": ["0600000000", 1, false],
};

for (const [name, [code, field, expected]] of Object.entries(accesses)) {
  test(`onlyReads() says of ${name}: ${expected}`, () => {
    const before = Buffer.from("90c3", "hex");
    const bytes = new Uint8Array(Buffer.concat([before, Buffer.from(code, "hex")]));
    assert.equal(onlyReads(bytes, before.length + field), expected);
  });
}
