import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { createTwoFilesPatch } from "diff";
import { buildTest } from "../../../test/why-no-build.ts";
import { linkHypervisor, makeSmallBuild } from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import type { BuiltFix } from "../built-fix.ts";
import { callKeepers, entryKeepers } from "./keepers.test.support.ts";

// "start" keeps two values across its call of "leaf", in registers that "leaf" leaves alone; so does
// "many", whose callee takes an argument on the stack. Only optimised code does such things.

const file = "xen/common/start.c";
const apart = "\n".repeat(9);
const source = [
  '#pragma GCC optimize("O2")\nint start(int *p, int n);',
  "void out(int); int twice(int); int leaf(int); int many(int *p); int wide(int, int, int, int, int, int, int);",
  "__attribute__((noinline)) int twice(int n) { return n * 2; }",
  "__attribute__((noinline)) int leaf(int n) { return n * 3 + 1; }",
  "__attribute__((noinline)) int wide(int a, int b, int c, int d, int e, int f, int g) { return a + g; }",
  "int start(int *p, int n) { int a = p[0], b = p[1]; return leaf(n) + a + b; }",
  "int many(int *p) { int a = p[0]; return wide(1, 2, 3, 4, 5, 6, 7) + a; }",
  "__attribute__((noipa)) static int odd(int n);",
  "__attribute__((noipa)) static int even(int n) { return n == 0 ? 7 : odd(n - 1) + 7; }",
  "__attribute__((noipa)) static int odd(int n) { return n == 0 ? 7 : even(n - 1) + 3; }",
  "int parity(int n); int parity(int n) { return even(n) + 1; }",
  '__attribute__((noipa)) void out(int n) { asm volatile ( "" ); }\n',
].join(apart);

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});
const small = makeSmallBuild(
  { after: (work) => cleanups.push(work) },
  linkHypervisor({ [file]: source }),
);
writeFileSync(join(small.source, file), source);

function build(...edits: readonly (readonly [old: string, text: string])[]): Promise<BuiltFix> {
  const text = edits.reduce((done, [old, fresh]) => {
    assert.ok(done.includes(old), old);
    return done.replace(old, fresh);
  }, source);
  const patch = createTwoFilesPatch(`a/${file}`, `b/${file}`, source, text);
  const patches = [{ name: "fix.patch", bytes: Buffer.from(patch) }];
  return buildFix(small.options({}, { inputs: { patches } }));
}

buildTest(
  "buildFix() lets new code rely on no function of Xen: its registers are kept",
  async () => {
    const fix = await build(["return leaf(n) + a + b", "return leaf(n) + a - b"]);
    assert.deepEqual(callKeepers(fix), { leaf: ["rcx", "rdx"] });
  },
);

buildTest("buildFix() keeps registers also where new code calls Xen through new code", async () => {
  const fix = await build([
    "int start(int *p, int n) { int a = p[0], b = p[1]; return leaf(n)",
    `static __attribute__((noipa)) int apart(int n) { return n; }
     static __attribute__((noinline,noclone)) int middle(int n) { return leaf(n) ^ 5; }
     int start(int *p, int n) { int a = p[0], b = p[1]; return middle(n) + middle(apart(n))`,
  ]);
  assert.ok((callKeepers(fix)["middle"] ?? []).length > 0);
});

buildTest("buildFix() keeps nothing around calls that stay in the payload", async () => {
  const fix = await build([
    "int start(int *p, int n) { int a = p[0], b = p[1]; return leaf(n)",
    `static __attribute__((noinline,noclone)) int alone(int n) { return n * 5 + 1; }
     int start(int *p, int n) { int a = p[0], b = p[1]; return alone(n)`,
  ]);
  assert.deepEqual(callKeepers(fix), {});
});

// The compiler saw "twice" leave them alone, so "start" comes out the same and stays Xen's.
buildTest("buildFix() keeps at the entry of a new body what callers in Xen rely on", async () => {
  const fix = await build(["{ return n * 3 + 1; }", "{ return twice(n) + 2; }"]);
  assert.deepEqual(entryKeepers(fix), [["rcx", "rdx"]]);
});

buildTest("buildFix() carries callers that the compiler made anew for the new body", async () => {
  const fix = await build(["{ return n * 3 + 1; }", "{ out(n); return n * 3 + 2; }"]);
  assert.deepEqual(fix.payload?.functions.map(({ name }) => name).sort(), ["leaf", "start"]);
  assert.deepEqual(entryKeepers(fix), [undefined, undefined]);
});

buildTest(
  "buildFix() keeps nothing where the new body leaves the registers alone too",
  async () => {
    const fix = await build(["{ return n * 3 + 1; }", "{ return n * 3 + 2; }"]);
    assert.deepEqual(entryKeepers(fix), [undefined]);
  },
);

buildTest(
  "buildFix() refuses a body that nothing can be put in front of, with the caller",
  async () => {
    const { refusals, payload } = await build(["{ return a + g; }", "{ return a + twice(g); }"]);
    assert.equal(payload, undefined);
    const [refusal] = refusals;
    assert.equal(`${refusal?.rule}: ${refusal?.what}`, 'caller-relies: function "wide"');
    assert.match(refusal?.reasons.join("\n") ?? "", /arguments on the stack.*"many" keeps \w+/s);
  },
);

// What "even" and "odd" leave in rdx is no result: both are declared to return an int.
buildTest("buildFix() takes for results only what functions are declared to return", async () => {
  const fix = await build(
    ["odd(n - 1) + 7", "odd(n - 1) + 8"],
    ["even(n - 1) + 3", "even(n - 1) + 4"],
  );
  assert.deepEqual(fix.refusals, []);
});

// A table of jumps hides whether code looks at its caller's stack; its declaration says that nothing is there.
buildTest("buildFix() keeps registers around a function with a table of jumps", async () => {
  const values = [3, 5, 8, 2, 9, 4, 7, 6];
  const cases = values.map((value, n) => `case ${n}: return twice(n + ${value}) ^ ${value};`);
  const table = `{ switch (n) { ${cases.join(" ")} } return n * 3 + 1; }`;
  const fix = await build(["{ return n * 3 + 1; }", table]);
  assert.deepEqual(fix.refusals, []);
  const kept = [...entryKeepers(fix), callKeepers(fix)["leaf"]];
  assert.ok(kept.some((registers) => registers !== undefined));
});
