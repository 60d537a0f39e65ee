import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDraft, emitExample, emitInput, example } from "./emit.test.support.ts";
import { emitPayload } from "./emit.ts";
import { EmitError, type EmitErrorCode, type EmitInput } from "./input.ts";

const refused = (code: EmitErrorCode) => (error: unknown) =>
  error instanceof EmitError && error.report.code === code;

const badSources: readonly (readonly [why: string, c: string, flags?: string])[] = [
  [
    "a reference through the global offset table",
    'extern int x(void) __attribute__((visibility("default"))); long f(void) { return (long)x; }',
  ],
  ["a thread-local variable", "__thread int x = 1; int f(int n) { return n + x++; }"],
  [
    "a constructor",
    "int x; __attribute__((constructor)) void up(void) { x = 1; } int f(int n) { return x; }",
  ],
  [
    "a per-CPU variable",
    'int x __attribute__((section(".bss.percpu"))); int f(int n) { return x++; }',
  ],
  [
    "code that runs at boot",
    'int f(int n) { return n; } __attribute__((section(".init.text"))) int g(int n) { return n; }',
  ],
  [
    "absolute addresses of 32 bits",
    "int x[9]; int f(int n) { return x[n]; }",
    "-fno-pie -mcmodel=kernel",
  ],
];

for (const [why, c, flags = ""] of badSources) {
  test(`emitPayload() refuses ${why}`, () => {
    const draft = compileDraft({ c, flags });
    assert.throws(() => emitPayload(emitInput(draft, ["f"])), refused("emit/unsupported"));
  });
}

const guard = { label: "g", oldName: "xen_f", oldOffset: 0 } as const;
const badRequests: readonly (readonly [why: string, more: Partial<EmitInput>])[] = [
  ["nothing to do", { replacements: [] }],
  ["a guard in version 1", { payloadVersion: 1, guards: [{ ...guard, bytes: Uint8Array.of(1) }] }],
  ["an empty guard", { guards: [{ ...guard, bytes: new Uint8Array() }] }],
  ["a guard of 32 bytes", { guards: [{ ...guard, bytes: new Uint8Array(32) }] }],
  [
    "a guard at an ENDBR64, which would crash the host",
    { guards: [{ ...guard, bytes: Uint8Array.of(0xf3, 0x0f, 0x1e, 0xfa, 1) }] },
  ],
  ["metadata under our own key", { metadata: [["build-id", "1"]] }],
  ["metadata that makes two strings", { metadata: [["a", "1\0b=2"]] }],
];

for (const [why, more] of badRequests) {
  test(`emitPayload() refuses ${why}`, () => {
    assert.throws(() => emitExample(more), refused("emit/bad-request"));
  });
}

test("emitPayload() refuses the same function twice, which Xen would never restore", () => {
  const input = emitInput(compileDraft(example), ["f", "f"]);
  assert.throws(() => emitPayload(input), refused("emit/bad-request"));
});

test("emitPayload() refuses an expectation beyond the old function, which Xen never applies", () => {
  const input = emitInput(compileDraft(example), ["f"]);
  const [replacement] = input.replacements;
  assert.ok(replacement);
  for (const more of [
    { oldSizeBytes: 8, expectation: new Uint8Array(9) },
    { oldSizeBytes: 2 ** 32 },
  ]) {
    const replacements = [{ ...replacement, ...more }];
    assert.throws(() => emitPayload({ ...input, replacements }), refused("emit/bad-request"));
  }
});

test("emitPayload() refuses two tables of one name, of which Xen reads the first", () => {
  const table = (flags: string) =>
    `asm(".section .ex_table,${JSON.stringify(flags).replaceAll('"', '\\"')}; .quad 0; .text");`;
  const first = compileDraft({ c: `${table("a")} int f(int n) { return n; }` });
  const second = compileDraft({ c: table("aw") });
  const input = emitInput(first, ["f"]);
  const objects = [...input.objects, { source: "second.c", draft: second }];
  assert.throws(() => emitPayload({ ...input, objects }), refused("emit/unsupported"));
});

test("emitPayload() refuses what is larger than Xen loads", () => {
  const draft = compileDraft({ c: "char big[3 << 20] = { 1 }; int f(int n) { return big[n]; }" });
  assert.throws(() => emitPayload(emitInput(draft, ["f"])), refused("emit/too-large"));
});
