// The code of a payload below is what its patches compile to, though the emitter has led what refers to
// entries of replaced functions to the hypervisor's own, and put keepers in front of functions and around
// calls. Each of these shapes is fixed twice, and once more on top.

import assert from "node:assert/strict";
import { buildTest } from "../../../test/why-no-build.ts";
import { openElf } from "../../elf/open.ts";
import { relocationsOf } from "../../elf/relocations.ts";
import { originPatch } from "../../payload/made-from/origin.ts";
import { makeBuildOf, patchFrom } from "../build.test.support.ts";
import type { BuiltFix } from "../built-fix.ts";
import { entryKeepers } from "../registers/keepers.test.support.ts";
import { build, file, foundationOf, parsed, replaced } from "../stack.test.support.ts";

/** What may be a result is relied on by no caller where it is changed, so that no keepers are needed. */
const head = `#pragma GCC optimize("O2", "function-sections")
#define APART __attribute__((noinline, noclone, noipa))
#define CHANGE asm volatile("mov %%ecx, %%edx" ::: "rcx", "rdx");
int start(int n);
`;

interface Shape {
  readonly what: string;
  /** With what the fixes change. */
  readonly text: (n: number) => string;
  readonly replaces: readonly string[];
  /** To show that a payload is of this shape. */
  readonly has: (fix: BuiltFix) => boolean;
}

const shapes: readonly Shape[] = [
  {
    what: "a static function that calls itself",
    text: (n) => `static APART int walk(int n) {
  CHANGE
  return n < 2 ? n + ${n} : walk(n - 1) * 3 + walk(n - 2);
}
int start(int n) { return walk(n) + 1; }
`,
    replaces: ["start.c#walk"],
    has: (fix) => usesOf(fix, "start.c#walk") > 0,
  },
  {
    what: "two static functions that call each other",
    text: (n) => `static APART int odd(int n);
static APART int even(int n) { CHANGE return n == 0 ? ${n} : odd(n - 1) + ${n}; }
static APART int odd(int n) { CHANGE return n == 0 ? ${n} : even(n - 1) + 2 * ${n}; }
int start(int n) { return even(n) + 1; }
`,
    replaces: ["start.c#even", "start.c#odd"],
    has: (fix) => usesOf(fix, "start.c#even") > 0 && usesOf(fix, "start.c#odd") > 0,
  },
  {
    what: "a static function that takes its own address",
    text: (n) => `static APART void *itself(int n) { return n == ${n} ? 0 : (void *)itself; }
int start(int n) { return itself(n) != 0; }
`,
    replaces: ["start.c#itself"],
    has: (fix) => usesOf(fix, "start.c#itself") > 0,
  },
  {
    what: "a table of jumps into the function, which calls itself",
    text: (n) => `APART int effect(int n) { return n * 3; }
static APART int jumps(int n) {
  switch (n) {
  case 0: return effect(3) + ${n};
  case 1: return effect(7);
  case 2: return effect(9) - 1;
  case 3: return 11;
  case 4: return effect(1);
  case 5: return jumps(n - 1) ^ jumps(n / 2);
  case 6: return effect(8) * 2;
  }
  return n;
}
int start(int n) { return jumps(n) + 1; }
`,
    replaces: ["start.c#jumps"],
    has: (fix) => usesOf(fix, "start.c#jumps") > 0 && hasSection(fix, /^\.rela\.rodata/),
  },
  {
    what: "a function with a cold part that calls it",
    text: (n) => `APART __attribute__((cold)) void bad(int n) { CHANGE asm volatile("" :: "r"(n)); }
static APART int split(int n) {
  int i = n;
  CHANGE
  if (n > 100) { bad(n); bad(${n}); i = split(n / 2); bad(9); }
  return i + ${n};
}
int start(int n) { return split(n) + 1; }
`,
    replaces: ["start.c#split"],
    has: (fix) => usesOf(fix, "start.c#split") > 0 && hasColdPart(fix, "split"),
  },
  {
    what: "a function that calls itself by another name",
    text: (n) => `extern int second(int n) __attribute__((alias("named")));
int named(int n);
APART int named(int n) {
  CHANGE
  return n < 2 ? n + ${n} : second(n - 1) * 3 + named(n - 2);
}
int start(int n) { return second(n) + 1; }
`,
    replaces: ["named"],
    has: (fix) => usesOf(fix, "named") > 0,
  },
  {
    what: "a function with an entry in the exception table",
    text: (n) => `static APART int entries(int n) {
  asm volatile("1: nop; .pushsection .ex_table,\\"a\\"; .long 1b - ., 1b - .; .popsection");
  return n < ${n} ? n : entries(n - 1) ^ entries(n / 2);
}
int start(int n) { return entries(n) + 1; }
`,
    replaces: ["start.c#entries"],
    has: (fix) => usesOf(fix, "start.c#entries") > 0 && hasSection(fix, /^\.ex_table$/),
  },
];

/** Relocations to a function of Xen from what is loaded, besides the function table. */
function usesOf({ payload }: BuiltFix, name: string): number {
  assert.ok(payload);
  const object = openElf(payload.bytes, "payload");
  return object.sections
    .filter((section) => !section.name.startsWith(".livepatch"))
    .flatMap((section) => relocationsOf(object, section))
    .filter(({ symbol }) => object.symbols[symbol]?.name === name).length;
}

function hasSection({ payload }: BuiltFix, name: RegExp): boolean {
  assert.ok(payload);
  return openElf(payload.bytes, "payload").sections.some((section) => name.test(section.name));
}

function hasColdPart(fix: BuiltFix, name: string): boolean {
  const map = parsed(fix).symbolMap ?? [];
  return map.some(({ sourceName }) => sourceName.endsWith(`#${name}.cold`));
}

function replacedBy(fix: BuiltFix): readonly string[] {
  return replaced(parsed(fix)).toSorted();
}

for (const { what, text, replaces, has } of shapes) {
  buildTest(`buildFix() recognises, in the payload below, ${what}`, async (t) => {
    const [old = "", first = "", second = "", third = ""] = [300, 301, 302, 303].map(
      (n) => head + text(n),
    );
    const base = makeBuildOf(t, { [file]: old });
    const one = await build([old, first], [], {}, base);
    assert.deepEqual(replacedBy(one), replaces);
    assert.ok(has(one), "it is of that shape");
    const two = await build([first, second], [one], {}, base);
    assert.deepEqual(replacedBy(two), replaces);
    const three = await build([second, third], [one, two], {}, base);
    assert.deepEqual(replacedBy(three), replaces);
  });
}

// "start" keeps two values across its call of "leaf", whose new body changes their registers.
buildTest("buildFix() recognises, in the payload below, a cold part behind a keeper", async (t) => {
  const around = (leaf: string): string => `#pragma GCC optimize("O2", "function-sections")
int start(int *p, int n); int twice(int); int leaf(int);
__attribute__((noinline, cold)) int twice(int n) { return n * 2; }
__attribute__((noinline)) int leaf(int n) { ${leaf} }
int start(int *p, int n) { int a = p[0], b = p[1]; return leaf(n) + a + b; }
`;
  const split = (n: number): string =>
    around(`if (n > 99) n = twice(n) + ${n}; return n * 3 + ${n};`);
  const old = around("return n * 3 + 1;");
  const base = makeBuildOf(t, { [file]: old });
  const one = await build([old, split(1)], [], {}, base);
  assert.deepEqual(replacedBy(one), ["leaf"]);
  assert.ok(hasColdPart(one, "leaf"));
  assert.equal(entryKeepers(one).filter((kept) => kept !== undefined).length, 1);
  assert.deepEqual(replacedBy(await build([split(1), split(2)], [one], {}, base)), ["leaf"]);
});

buildTest("buildFix() refuses a payload below that refers to another function", async (t) => {
  const itself = (to: string, n: number): string => `${head}
static APART int twin(int n) { return n + 7; }
static APART void *itself(int n) { return n == ${n} ? 0 : (void *)${to}; }
int start(int n) { return itself(n) != 0 || twin(n); }
`;
  const [old, made, claimed] = [itself("itself", 300), itself("twin", 301), itself("itself", 301)];
  const base = makeBuildOf(t, { [file]: old });
  const [below] = foundationOf([await build([old, made], [], {}, base)]).payloads;
  assert.ok(below?.origin);
  const patches = [originPatch("first.patch", patchFrom(file, old, claimed).bytes)];
  const payloads = [{ ...below, origin: { ...below.origin, patches } }];
  const stacking = { foundation: { payloads, buildId: undefined } };
  const { refusals } = await build([claimed, itself("itself", 302)], [], { stacking }, base);
  assert.deepEqual(
    refusals.map(({ rule }) => rule),
    ["payload-below"],
  );
  const reason = /leads to "start\.c#twin" in the payload, to "start\.c#itself" here/;
  assert.match(refusals[0]?.reasons.join() ?? "", reason);
});
