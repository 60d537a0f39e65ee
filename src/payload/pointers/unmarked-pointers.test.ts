import assert from "node:assert/strict";
import { test } from "node:test";
import { pointerFactsOf } from "./pointer-facts.ts";
import { assemblePayload, hook } from "./pointers.test.support.ts";

/** `table` holds the address of `fresh` in every case, so it is looked for in code alone. */
function unmarkedIn(body: string, more?: string): readonly string[] {
  const { unmarked } = pointerFactsOf(assemblePayload(body, more));
  return unmarked.filter(({ section }) => section.name !== ".data.brought").map(({ name }) => name);
}

const other = '.section .text.other, "ax"\n.type other, @function\nother: ret\n.size other, 1\n';

test("findUnmarkedPointers() has a function without a mark whose address is stored or handed on", () => {
  for (const body of [
    "lea other(%rip),%rax\n mov %rax,(%rdi)\n ret",
    "lea other(%rip),%rsi\n jmp register_keyhandler",
    "lea other(%rip),%rax\n ret",
    "lea other(%rip),%rax\n mov %rax,8(%rsp)\n ret",
    "lea other(%rip),%rbx\n call __x86_indirect_thunk_rbx\n ret",
  ])
    assert.deepEqual(unmarkedIn(body, other), ["other"], body);
});

test("findUnmarkedPointers() has one that stands in data", () => {
  const { unmarked } = pointerFactsOf(assemblePayload("ret"));
  assert.deepEqual(
    unmarked.map(({ name, section }) => [name, section.name]),
    [["fresh", ".data.brought"]],
  );
});

test("findUnmarkedPointers() has no function that is marked, called directly, or in a table of Xen's", () => {
  assert.deepEqual(unmarkedIn("lea marked(%rip),%rax\n mov %rax,(%rdi)\n ret"), []);
  assert.deepEqual(unmarkedIn("call other\n ret", other), []);
  assert.deepEqual(unmarkedIn("ret", hook("apply", "nop")), []);
});

test("findUnmarkedPointers() has no function of which only the distance is computed", () => {
  for (const body of [
    "lea other(%rip),%rax\n sub %rdi,%rax\n sub $5,%rax\n mov %eax,1(%rdi)\n ret",
    "lea other(%rip),%rax\n sub (%rdi),%rax\n mov %rax,8(%rdi)\n ret",
    "lea other(%rip),%eax\n sub %edi,%eax\n mov %eax,1(%rdi)\n xor %eax,%eax\n ret",
  ])
    assert.deepEqual(unmarkedIn(body, other), [], body);
});
