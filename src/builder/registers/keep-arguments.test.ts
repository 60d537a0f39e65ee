// Arguments that a function takes no notice of today: another body of it, from a later payload, may. gcc passes
// them straight over a call that leaves their registers alone.

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

const file = "xen/common/start.c";
const source = [
  '#pragma GCC optimize("O2")\nint start(int n, int *p, int q, int a); int last(int r, int *p, int q, int a); int many(int n); int none(void);',
  "int twice(int); int leaf(int); int wide(int, int, int, int, int, int, int); int seven(int, int, int, int, int, int, int); int over(int *p);",
  "__attribute__((noinline)) int twice(int n) { return n * 2; }",
  "__attribute__((noinline)) int leaf(int n) { return n * 3 + 1; }",
  "__attribute__((noipa)) int last(int r, int *p, int q, int a) { return r + *p; }",
  "__attribute__((noipa)) int none(void) { return 7; }",
  "__attribute__((noinline,noclone)) int wide(int a, int b, int c, int d, int e, int f, int g) { return a + g; }",
  "int start(int n, int *p, int q, int a) { return last(leaf(n), p, q, a); }",
  "__attribute__((noinline,noclone)) int seven(int a, int b, int c, int d, int e, int f, int g) { return a * 3 + b * 5; }",
  "int over(int *p) { int a = p[0]; return seven(a, 2, 3, 4, 5, 6, 7) + a; }",
  "int many(int n) { return wide(n, 2, 3, 4, 5, 6, n) + none(); }\n",
].join("\n".repeat(9));

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});
const small = makeSmallBuild(
  { after: (work) => cleanups.push(work) },
  linkHypervisor({ [file]: source }),
);
writeFileSync(join(small.source, file), source);

function build(old: string, text: string): Promise<BuiltFix> {
  assert.ok(source.includes(old), old);
  const patch = createTwoFilesPatch(`a/${file}`, `b/${file}`, source, source.replace(old, text));
  const patches = [{ name: "fix.patch", bytes: Buffer.from(patch) }];
  return buildFix(small.options({}, { inputs: { patches } }));
}

// "last" ignores its fourth argument, which is in rcx.
buildTest(
  "buildFix() keeps at an entry what callers pass on to a function that ignores it",
  async () => {
    const fix = await build("{ return n * 3 + 1; }", "{ return twice(n) + 2; }");
    assert.deepEqual(
      fix.payload?.functions.map(({ name }) => name),
      ["leaf"],
    );
    const [registers = []] = entryKeepers(fix);
    assert.ok(registers.includes("rsi"), "which it reads");
    assert.ok(registers.includes("rcx"), "which another body may read");
  },
);

buildTest(
  "buildFix() keeps what new code passes over a call to a function that ignores it",
  async () => {
    const fix = await build("last(leaf(n), p, q, a)", "last(leaf(n), p, q, a) + 1");
    const registers = callKeepers(fix)["leaf"] ?? [];
    assert.ok(registers.includes("rcx"));
  },
);

buildTest("buildFix() refuses no fix for an argument that perhaps nobody passes", async () => {
  const fix = await build("6, n) + none()", "6, n) - none()");
  assert.deepEqual(fix.refusals, []);
  assert.deepEqual(callKeepers(fix), {});
});

// "seven" ignores its seventh argument, which is on the stack: a keeper would stand in front of it.
buildTest("buildFix() puts no keeper where a later body may look at the stack", async () => {
  const { refusals } = await build("{ return a * 3 + b * 5; }", "{ return twice(a) + b * 5; }");
  assert.deepEqual(
    refusals.map(({ rule }) => rule),
    ["caller-relies"],
  );
  assert.match(refusals[0]?.reasons.join() ?? "", /the function takes arguments on the stack/);
});
