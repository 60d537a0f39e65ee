// Each case is the code of one function of a payload.

import assert from "node:assert/strict";
import { test } from "node:test";
import { namesKept } from "./kept-pointers.ts";
import { pointerFactsOf } from "./pointer-facts.ts";
import { assemblePayload, hook } from "./pointers.test.support.ts";

const keptIn = (body: string, more?: string) => pointerFactsOf(assemblePayload(body, more)).kept;

const kept: Readonly<Record<string, readonly [body: string, words: RegExp]>> = {
  "a function that Xen is given": [
    "lea fresh(%rip),%rsi\n mov $89,%edi\n jmp register_keyhandler",
    /^patched\+0xc takes "fresh" and hands it to "register_keyhandler"$/,
  ],
  "a text that goes into a variable of Xen": [
    "lea .LC0(%rip),%rax\n mov %rax,key_table+8(%rip)\n ret",
    /takes the text "a text" and stores it in "key_table"/,
  ],
  "an object that goes through a pointer": [
    "lea state(%rip),%rax\n mov %rax,16(%rdi)\n ret",
    /takes "state" and stores it in memory that is not the payload's own/,
  ],
  "a pointer that stands in its data": [
    "mov table(%rip),%rax\n mov %rax,(%rdi)\n ret",
    /takes "fresh" and stores it/,
  ],
  "a table of functions that Xen is given": [
    "lea table(%rip),%rdi\n call xen_takes\n ret",
    /takes "table" and hands it to "xen_takes"/,
  ],
  "what a function of its own hands on": [
    "lea fresh(%rip),%rdi\n call helper\n ret\n helper: mov %rdi,xen_hook(%rip)\n ret",
    /takes "fresh" and stores it in "xen_hook"/,
  ],
  "what stays in a register over a call of its own function": [
    "lea fresh(%rip),%r10\n call helper\n mov %r10,xen_hook(%rip)\n ret\n helper: xor %eax,%eax\n ret",
    /takes "fresh" and stores it in "xen_hook"/,
  ],
  "a text that is made known to Xen": [
    "lea .LC0(%rip),%rdx\n call register_keyhandler\n ret",
    /hands it to "register_keyhandler"/,
  ],
  "what a callee behind a pointer is given": [
    "lea fresh(%rip),%rdi\n call *xen_ops(%rip)\n ret",
    /hands it to a function that it calls by pointer/,
  ],
};

for (const [what, [body, words]] of Object.entries(kept)) {
  test(`findKeptPointers() has ${what}`, () => {
    const [pointer, ...others] = keptIn(body);
    assert.deepEqual(others, []);
    assert.match(`${pointer?.where} takes ${pointer?.what} and ${pointer?.how}`, words);
  });
}

const forgotten: Readonly<Record<string, string>> = {
  "a text that is printed": "lea .LC0(%rip),%rdi\n call printk\n ret",
  "a lock that is taken": "lea state(%rip),%rdi\n call _spin_lock\n ret",
  "what is stored on the stack": "lea fresh(%rip),%rax\n mov %rax,8(%rsp)\n ret",
  "what is stored in a frame":
    "push %rbp\n mov %rsp,%rbp\n lea fresh(%rip),%rax\n mov %rax,-8(%rbp)\n pop %rbp\n ret",
  "what is stored in its own data": "lea fresh(%rip),%rax\n mov %rax,state(%rip)\n ret",
  "a list head that leads to itself": "lea state(%rip),%rax\n mov %rax,(%rax)\n ret",
  "what is only compared": "lea fresh(%rip),%rax\n cmp %rax,(%rdi)\n sete %al\n ret",
  "what is only called": "lea fresh(%rip),%rax\n call __x86_indirect_thunk_rax\n ret",
  "the distance of a call":
    "lea fresh(%rip),%rax\n sub %rdi,%rax\n sub $5,%rax\n mov %eax,1(%rdi)\n ret",
  "what Xen has forgotten when it returns": "lea fresh(%rip),%rsi\n call on_selected_cpus\n ret",
  "what it returns": "lea .LC0(%rip),%rax\n ret",
  "the name of who holds a lock": "lea .LC1(%rip),%rax\n mov %rax,0x428(%r15)\n ret",
  "what is overwritten by its own function":
    "lea fresh(%rip),%r10\n call helper\n mov %r10,xen_hook(%rip)\n ret\n helper: xor %r10d,%r10d\n ret",
  "an address of Xen's own": "lea xen_function(%rip),%rax\n mov %rax,(%rdi)\n ret",
  "a function of its own that forgets it":
    "lea fresh(%rip),%rdi\n call helper\n ret\n helper: mov (%rdi),%eax\n ret",
};

for (const [what, body] of Object.entries(forgotten)) {
  test(`findKeptPointers() has nothing of ${what}`, () => {
    assert.deepEqual(keptIn(body), []);
  });
}

const registers = "lea fresh(%rip),%rsi\n jmp register_thing";
const stores = "lea fresh(%rip),%rax\n mov %rax,xen_hook(%rip)\n ret";

test("findKeptPointers() knows a hook on revert that takes the pointer back", () => {
  const hooks: readonly (readonly [body: string, hooks: string])[] = [
    [registers, hook("postrevert", "call unregister_thing")],
    [registers, hook("revert", "lea fresh(%rip),%rdi\n call take_back")],
    [stores, hook("prerevert", "movq $0,xen_hook(%rip)")],
    [stores, hook("unload", "call 1f\n ret\n 1: movq $0,xen_hook(%rip)")],
  ];
  for (const [body, more] of hooks) {
    const [pointer, ...others] = keptIn(body, more);
    assert.equal(others.length, 0);
    assert.ok(pointer !== undefined && more.includes(`hooks.${pointer.takenBackBy}`), more);
    assert.deepEqual(namesKept([pointer]), []);
  }
});

test("findKeptPointers() takes neither a hook on apply nor one for something else for a way back", () => {
  const hooks: readonly (readonly [body: string, hooks: string])[] = [
    [registers, hook("postapply", "call unregister_thing")],
    [registers, hook("revert", "call unregister_other")],
    [stores, hook("revert", "movq $0,xen_other(%rip)")],
  ];
  for (const [body, more] of hooks) {
    const pointers = keptIn(body, more);
    assert.deepEqual(
      pointers.map(({ takenBackBy }) => takenBackBy),
      [undefined],
      more,
    );
    assert.deepEqual(namesKept(pointers), ["fresh"]);
  }
});

test("findKeptPointers() looks at hooks as at any other code", () => {
  const [pointer] = keptIn("ret", hook("postapply", stores.replace("ret", "")));
  assert.match(`${pointer?.where}`, /^the_hook\+/);
});
