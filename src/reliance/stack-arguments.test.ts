import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { FunctionCode } from "./function-code.ts";
import { useOfCallersStack } from "./stack-arguments.ts";

function code(hex: string, jumpsTo?: FunctionCode, name = "f"): FunctionCode {
  return new FunctionCode({
    name,
    bytes: parseHex(hex),
    leadTo: ({ target }) =>
      jumpsTo === undefined || target < 100
        ? { kind: "inside", offset: target }
        : { kind: "function", place: { code: jumpsTo, offset: 0 }, isSeen: true },
  });
}

const FAR_JUMP = "e900010000";

const looking: readonly (readonly [text: string, hex: string])[] = [
  ["mov 8(%rsp),%rax", "488b442408c3"],
  ["push %rbx; mov 16(%rsp),%rax", "53488b4424105bc3"],
  ["sub $24,%rsp; mov 32(%rsp),%rax", "4883ec18488b4424204883c418c3"],
  ["push %rbp; mov %rsp,%rbp; mov 16(%rbp),%rax", "554889e5488b45105dc3"],
  ["lea 8(%rsp),%r10", "4c8d542408c3"],
  ["mov (%rsp),%rax, the return address", "488b0424c3"],
  ["push %rbx; mov 8(%rsp),%rax, the return address", "53488b4424085bc3"],
  ["test %edi,%edi; je to mov 8(%rsp),%rax", "85ff7401c3488b442408c3"],
];
for (const [text, hex] of looking) {
  test(`useOfCallersStack() sees that a function looks at its caller's stack: ${text}`, () => {
    assert.equal(useOfCallersStack(code(hex)), "looks");
  });
}

const keeping: readonly (readonly [text: string, hex: string])[] = [
  ["push %rbx; mov (%rsp),%rax", "53488b04245bc3"],
  ["sub $24,%rsp; mov %rax,16(%rsp); call; add $24,%rsp", "4883ec184889442410e8000000004883c418c3"],
  ["push %rbp; mov %rsp,%rbp; mov -8(%rbp),%rax", "554889e5488b45f85dc3"],
  ["mov 16(%rbp),%rax, a pointer of the caller's", "488b4510c3"],
  ["mov %rsp,%rdx; or $0x7fff,%rdx; mov -47(%rdx),%rax", "4889e24881caff7f0000488b42d1c3"],
];
for (const [text, hex] of keeping) {
  test(`useOfCallersStack() lets a function have a stack of its own: ${text}`, () => {
    assert.equal(useOfCallersStack(code(hex)), "none");
  });
}

const lost: readonly (readonly [text: string, hex: string])[] = [
  // The arms of the table lie behind, and look at 8(%rsp).
  ["jmp *(,%rdi,8)", "ff24fd00000000488b442408c3"],
  ["jmp *%rax", "ffe0"],
  ["and $-16,%rsp; mov 8(%rsp),%rax", "4883e4f0488b442408c3"],
  ["no instruction", "06"],
];
for (const [text, hex] of lost) {
  test(`useOfCallersStack() says that it cannot tell: ${text}`, () => {
    assert.equal(useOfCallersStack(code(hex)), "unknown");
  });
}

test("useOfCallersStack() follows jumps to functions that take over", () => {
  const looks = code("488b442408c3", undefined, "g");
  assert.equal(useOfCallersStack(code(FAR_JUMP, looks)), "looks");
  assert.equal(useOfCallersStack(code(FAR_JUMP, code("c3", undefined, "g"))), "none");
});

test("useOfCallersStack() goes on with the same stack in the cold part of a function", () => {
  // sub $24,%rsp in front; the cold part reads its own 16(%rsp), or 32(%rsp) above.
  const start = `4883ec18${FAR_JUMP}`;
  const own = code("488b4424104883c418c3", undefined, "f.cold");
  const above = code("488b4424204883c418c3", undefined, "f.cold");
  assert.equal(useOfCallersStack(code(start, own)), "none");
  assert.equal(useOfCallersStack(code(start, above)), "looks");
});
