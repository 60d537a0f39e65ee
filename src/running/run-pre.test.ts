import assert from "node:assert/strict";
import { test } from "node:test";
import type { Atom, SplitObject } from "../diff/atom.ts";
import { preOf, type Sources, xenOf } from "./run-pre.test.support.ts";
import { checkRunPre } from "./run-pre.ts";
import { type RunPreRefusal, refuseMismatches } from "./run-pre-report.ts";
import type { XenSyms } from "./xen-syms.ts";

/** Strings, a jump table, a static variable, constants by content, calls of both kinds. */
const domain = `
  void print(const char *text, ...);
  int helper(int);
  static int count;
  const int limits[] = { 3, 5 };
  static __attribute__((noinline)) int twice(int x) { count += x; return x * limits[x & 1]; }
  double half(double x) { return x * 0.5; }
  int dispatch(int kind) {
    switch (kind) {
    case 0: return twice(5);
    case 1: return helper(6);
    case 2: print("two\\n"); return 2;
    case 3: return count;
    case 4: print("four and %d\\n", kind); return helper(9);
    case 5: return helper(twice(kind));
    default: return -1;
    }
  }
  int roomy(int x) { count++; return x > 4 ? helper(x) : 0; }
  void hello(void) { print("hello\\n"); }
`;
const kernel = `
  void print(const char *text, ...) { (void)text; __asm__ volatile ("nop"); }
  int helper(int x) { print("o\\n"); return x; }
  int other(int x) { print("other"); return x + 1; }
`;
const sources: Sources = { "domain.c": domain, "kernel.c": kernel };
const xen = xenOf(sources);

function functionsOf(pre: SplitObject): readonly Atom[] {
  return pre.atoms.filter(({ kind }) => kind === "function");
}

const kinds: readonly (readonly [flags: readonly string[], hypervisor: XenSyms])[] = [
  [[], xen],
  [["-g"], xen],
  [["-fno-function-sections"], xenOf(sources, ["-fno-function-sections"])],
];
for (const [flags, hypervisor] of kinds) {
  test(`checkRunPre() finds what runs in what was compiled again, with ${flags.join(" ") || "the same flags"}`, () => {
    for (const name of Object.keys(sources)) {
      const pre = preOf(sources, name, flags);
      const functions = functionsOf(pre);
      assert.ok(functions.length >= 3);
      assert.deepEqual(checkRunPre(pre, functions, hypervisor), []);
    }
  });
}

function refusalsOf(text: string, flags: readonly string[] = []): readonly RunPreRefusal[] {
  const pre = preOf({ "domain.c": text }, "domain.c", flags);
  return refuseMismatches(pre, functionsOf(pre), xen, undefined);
}

const differences: readonly (readonly [
  what: string,
  text: string,
  name: string,
  problem: RegExp,
  built: RegExp,
  running: RegExp,
])[] = [
  [
    "another constant",
    domain.replace("x > 4", "x > 8"),
    "roomy",
    /the instruction at \+0x\w+ differs/,
    /cmp \$8,%edi/,
    /cmp \$4,%edi/,
  ],
  [
    "another text of a string",
    domain.replace("hello\\n", "holla\\n"),
    "hello",
    /\.rodata\S* is something else in the hypervisor/,
    /mov|lea/,
    /mov|lea/,
  ],
  [
    "another function that is called",
    domain
      .replace("? helper(x)", "? other(x)")
      .replace("int helper(int);", "int helper(int), other(int);"),
    "roomy",
    /leads to "helper" there, to "other" here/,
    /jmp/,
    /jmp/,
  ],
  [
    "another number among constants",
    domain.replace("0.5", "0.25"),
    "half",
    /\.rodata\S* is something else in the hypervisor/,
    /mulsd/,
    /mulsd/,
  ],
  [
    "another way through a jump table",
    domain
      .replace("case 1: return h", "case 3: return h")
      .replace("case 3: return c", "case 1: return c"),
    "dispatch",
    /differs/,
    /./,
    /./,
  ],
];

for (const [what, text, name, problem, built, running] of differences) {
  test(`refuseMismatches() shows ${what} on both sides`, () => {
    const refusals = refusalsOf(text);
    const refusal = refusals.find((found) => found.function === name);
    assert.match(refusal?.problem ?? "", problem);
    assert.match(refusal?.built ?? "", built);
    assert.match(refusal?.running ?? "", running);
    assert.match(refusal?.likely ?? "", /another version of the source.*[12] of the 6 functions/);
  });
}

test("refuseMismatches() blames compiler flags or configuration when most functions differ", () => {
  const [first] = refusalsOf(domain, ["-O1", "-fcf-protection=branch"]);
  assert.match(first?.likely ?? "", /other compiler flags/);
});

test("refuseMismatches() repeats what is known of the compiler", () => {
  const pre = preOf({ "domain.c": domain.replace("x > 4", "x > 8") }, "domain.c");
  const [first] = refuseMismatches(pre, functionsOf(pre), xen, "another compiler");
  assert.equal(first?.likely, "another compiler");
});

test("refuseMismatches() names functions that the hypervisor does not have", () => {
  const [first] = refusalsOf("int brand_new(int x) { return x + 3; }");
  assert.equal(first?.function, "brand_new");
  assert.match(first?.problem ?? "", /no function of this name/);
});

test("refuseMismatches() calls a static function what Xen calls it", () => {
  const names = refusalsOf(domain.replace("count += x;", "count += x + 1;")).map(
    (found) => found.function,
  );
  assert.ok(names.some((name) => name.startsWith("domain.c#twice")));
});
