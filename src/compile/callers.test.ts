import assert from "node:assert/strict";
import { test } from "node:test";
import { openElf } from "../elf/open.ts";
import { contentsOf, requireSection } from "../elf/sections.ts";
import { decodeKeeper } from "../isa/x86-keeper.ts";
import { parsePayload } from "../payload/parse.ts";
import { readPayloadBelow } from "../running/payload-below.ts";
import { compile, report } from "./compile.test.support.ts";
import type { CompiledPayload } from "./compile.ts";

// In the small Xen "relying" keeps a pointer in r9 across its call of "leaf".

const CALLS_OUT = 'long leaf(long n) { printk("leaf"); return n + 1; }';

/** What stands at the entry of the only new body. */
function keeperOf({ bytes }: Pick<CompiledPayload, "bytes">) {
  const [entry] = parsePayload(bytes, "payload").functions;
  assert.ok(entry?.kind === "replace" && entry.newAddress.kind === "own");
  const object = openElf(bytes, "payload");
  const code = contentsOf(object, requireSection(object, entry.newAddress.section));
  return decodeKeeper(code.subarray(entry.newAddress.offset));
}

test("compilePayload() saves a register that a caller keeps across its call of a replaced function", async () => {
  const keeper = keeperOf(await compile(CALLS_OUT));
  assert.deepEqual(keeper?.registers, ["r9"]);
  assert.equal(keeper?.landing, "endbr64");
  assert.equal(keeper?.returns, "thunk");
});

test("compilePayload() saves it also when the new body itself changes it", async () => {
  const c = 'long leaf(long n) { asm volatile ( "xor %%r9d, %%r9d" ::: "r9" ); return n; }';
  assert.deepEqual(keeperOf(await compile(c))?.registers, ["r9"]);
});

for (const [why, c] of [
  ["leaves the register alone", "long leaf(long n) { return n + 2; }"],
  ["saves the register by itself", `__attribute__((no_caller_saved_registers)) ${CALLS_OUT}`],
  [
    "calls a helper that leaves it alone",
    `
    static __attribute__((noinline)) long help(long n) { return n * 3; }
    long leaf(long n) { return help(n) + help(n + 1); }`,
  ],
] as const) {
  test(`compilePayload() puts nothing around a body that ${why}`, async () => {
    assert.equal(keeperOf(await compile(c)), undefined);
  });
}

test("compilePayload() looks at callers of functions that lie in payloads below", async () => {
  const below = await compile(`
    static __attribute__((noinline)) long own(long n) { return n + 3; }
    long leaf(long n) { return own(n); }
    long user(long n, long *place) { *place = leaf(n); return 0; }`);
  const foundation = { payloads: [readPayloadBelow(below.bytes, "below")], buildId: undefined };
  const above = await compile(CALLS_OUT, { stacking: { foundation } });
  assert.ok(keeperOf(above)?.registers.includes("r9"));
});

test("compilePayload() refuses where a keeper would be in the way, with caller, register and place", async () => {
  const c = `long long_leaf(long a, long b, long c, long d, long e, long f, long g)
    { printk("%ld", g); return g; }`;
  await assert.rejects(
    compile(c),
    report(
      "builder/caller-relies",
      /Cannot replace "long_leaf": callers rely on registers .* arguments on the stack/,
      /"relying_too" keeps rdi across its call of "long_leaf" at \+0x0, and reads it at \+0x5/,
      /no_caller_saved_registers/,
    ),
  );
});

test("compilePayload() needs no keeper for a body that takes arguments on the stack and saves by itself", async () => {
  const c = `__attribute__((no_caller_saved_registers))
    long long_leaf(long a, long b, long c, long d, long e, long f, long g)
    { printk("%ld", g); return g; }`;
  assert.equal(keeperOf(await compile(c)), undefined);
});

test("compilePayload() knows by the declaration that a body which goes on through a pointer has no arguments on the stack", async () => {
  const c = `extern long (*hook)(long);
    long (*hook)(long);
    long leaf(long n) { return hook(n); }`;
  assert.deepEqual(keeperOf(await compile(c))?.registers, ["r9"]);
});
