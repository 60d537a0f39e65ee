import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, testOptions } from "./diff.test.support.ts";
import { diffObjects } from "./diff-objects.ts";

/** Assembly that asks where a text is, from the start of a hypervisor that it knows nothing of. */
const head = (text: string): string => `
  extern int other; int use(void) { return other; }
  __asm__(".section .rodata.texts, \\"a\\"\\n.Lone: .asciz \\"one\\"\\n.Ltwo: .asciz \\"two\\"\\n"
          ".text\\n.globl where\\n.type where, @function\\n"
          "where: movabs $.L${text} + 0x7d2fc0000000, %rax\\nret\\nnop\\nnop\\n.size where, . - where\\n");`;

test("describeTarget() takes no address that assembly computes for a place in a section", () => {
  const [before, after] = [compile(head("one")), compile(head("two"))];
  const { ledger } = diffObjects(before, after, testOptions);
  const { reasons = [] } = ledger.find(({ what }) => what === 'function "where"') ?? {};
  const words = 'refers to an address computed from section ".rodata.texts": +0x7d2fc000000';
  assert.ok(reasons.includes(`${words}4`), reasons.join("\n"));
  assert.ok(reasons.includes(`no longer ${words}0`), reasons.join("\n"));
});
