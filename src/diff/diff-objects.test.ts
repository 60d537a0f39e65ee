// What the comparison finds and what it leaves alone. Each case is a small file before and after a
// patch, compiled with and without sections of their own, at -O2 and -O1.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkDiffs,
  diffTexts,
  type ExpectedDiff,
  f,
  fileAround,
  flavours,
  homesByName,
  noinline,
  summaryOf,
} from "./diff.test.support.ts";

const unchanged = { outcome: "unchanged", replaced: [], added: [], refused: [] } as const;

function patchable(
  replaced: readonly string[],
  added: readonly string[] = [],
): ExpectedDiff["expected"] {
  return { outcome: "patchable", replaced, added, refused: [] };
}

checkDiffs(
  [
    {
      name: "finds nothing in the same text",
      before: fileAround(f("return outside(x + 4);")),
      after: fileAround(f("return outside(x + 4);")),
      expected: unchanged,
    },
    {
      name: "finds a changed constant, and only its function",
      before: fileAround(f("return outside(x + 4);")),
      after: fileAround(f("return outside(x + 8);")),
      expected: patchable(["f"]),
    },
    {
      name: "leaves functions alone that only moved",
      before: fileAround(f("return outside(x + 4);")),
      after: fileAround(f("for (int i = 0; i < x; i++) outside(i * i + g); return outside(x);")),
      expected: patchable(["f"]),
    },
    {
      name: "tells one callee from another of the same shape",
      before: fileAround(
        `${noinline} int h(int x) { return outside(x) + 2; } ${f("return one(x) + 5;")}`,
      ),
      after: fileAround(
        `${noinline} int h(int x) { return outside(x) + 2; } ${f("return h(x) + 5;")}`,
      ),
      expected: patchable(["f"]),
    },
    {
      name: "brings a new function with its new variables",
      before: fileAround(f("return outside(x);")),
      after: fileAround(`static int seen = 3; static int zero;
      ${noinline} static int fresh(int x) { zero += x; return seen++ + zero; }
      ${f("return outside(fresh(x));")}`),
      expected: patchable(["f"], ["fresh", "seen", "zero"]),
    },
    {
      name: "tells strings by their content",
      before: fileAround(`extern void say(const char *); ${noinline} void h(void) { say("same"); }
      ${f('say("old"); return 1;')}`),
      after: fileAround(`extern void say(const char *); ${noinline} void e(void) { say("first"); }
      ${noinline} void h(void) { say("same"); } ${f('say("new"); return 1;')}`),
      expected: patchable(["f"], ["e"]),
    },
    {
      name: "tells static variables of functions whatever their numbers",
      before: fileAround(`${f('static int count asm("count.1"); return count += x;')}
      ${noinline} int h(int x) { static int count asm("count.2"); return count += x * 2; }`),
      after:
        fileAround(`${noinline} int e(int x) { static int count asm("count.3"); return count += x * 7; }
      ${f('static int count asm("count.4"); return count += x;')}
      ${noinline} int h(int x) { static int count asm("count.5"); return count += x * 3; }`),
      options: {
        findHomes: homesByName({
          "count.1": "f",
          "count.2": "h",
          "count.3": "e",
          "count.4": "f",
          "count.5": "h",
        }),
      },
      expected: patchable(["h"], ["count.3", "e"]),
    },
    {
      name: "tells clones of functions whatever their numbers",
      before: fileAround(`
      ${noinline} static int part(int x, int y) { return outside(x) * y + outside(y) / y; }
      int h(int x) { return part(x, 8) + part(x + 1, 8) * 2; }`),
      after: fileAround(`
      ${noinline} static int early(int x, int y) { return outside(x + y) * y + outside(y) / y; }
      int e(int x) { return early(x, 2) + early(x + 4, 2); }
      ${noinline} static int part(int x, int y) { return outside(x) * y + outside(y) / y; }
      int h(int x) { return part(x, 8) + part(x + 1, 8) * 3; }`),
      expected: { outcome: "patchable", replaced: ["h"], refused: [] },
    },
    {
      name: "replaces a parent for its cold part",
      before: fileAround(`extern void die(int) __attribute__((cold));
      int k(int x) { if (x > 3) die(1); return outside(x); }`),
      after: fileAround(`extern void die(int) __attribute__((cold));
      int k(int x) { if (x > 3) die(2); return outside(x); }`),
      expected: patchable(["k"]),
    },
    {
      name: "does not mind what became static or stopped being it",
      before: fileAround(`${f("return outside(x + 4);")}
      ${noinline} static int k(int x) { return outside(x) + 9; } int m(int x) { return k(x) + f(x); }`),
      after: fileAround(`static ${f("return outside(x + 4);")}
      ${noinline} int k(int x) { return outside(x) + 9; } int m(int x) { return k(x) + f(x); }`),
      expected: unchanged,
    },
    {
      name: "does not mind a variable of zeros that goes into another section",
      before: `static int v; ${f("return outside(v++);")}`,
      after: `static __attribute__((section(".data.x"))) int v; ${f("return outside(v++) + 1;")}`,
      expected: patchable(["f"]),
    },
    {
      name: "finds a change that is only in a table of jumps",
      before: fileAround(f(dispatch(1, 2))),
      after: fileAround(f(dispatch(2, 1))),
      expected: { outcome: "patchable", replaced: ["f"], refused: [] },
    },
    {
      name: "replaces the readers of a constant table whose address stays among them",
      before: fileAround(
        `static const int table[] = {1, 2, 3, 5}; ${f("return table[x & 3] + outside(x);")}`,
      ),
      after: fileAround(
        `static const int table[] = {1, 2, 3, 4}; ${f("return table[x & 3] + outside(x);")}`,
      ),
      expected: patchable(["f"], ["table"]),
    },
  ],
  flavours,
);

/** A switch that becomes a table; the code of the two cases is the same whichever comes first. */
function dispatch(first: number, second: number): string {
  return `switch (x) { case 0: return outside(10); case ${first}: return outside(21) * 3;
    case ${second}: return outside(32) + 7; case 3: return outside(43) - x; case 4: return one(5);
    case 5: return one(9) * 2; case 6: return one(17) + 1; default: return g; }`;
}

test("diffObjects() gives what was inlined as the first reason", () => {
  const texts = {
    before: fileAround(f("return outside(x + 4);")),
    after: fileAround(f("return outside(x + 8);")),
  };
  const changedInlines = (name: string) => (name === "f" ? ["helper"] : []);
  const [replaced] = diffTexts({ ...texts, options: { changedInlines } }).replaced;
  assert.equal(replaced?.reasons[0], `inlines "helper", which changed`);
  assert.match(replaced?.reasons[1] ?? "", /^instruction at \+0x[0-9a-f]+ differs: .* → /);
});

test("diffObjects() asks for the home of a static variable that was inlined before", () => {
  const k = "static int k(int x) { static int count; return outside(count += x); }";
  const times = (step: number): string => f(`return k(x) * ${step};`);
  const texts = {
    before: fileAround(`__attribute__((always_inline)) ${k} ${times(3)}`),
    after: fileAround(`${noinline} ${k} ${times(5)}`),
  };
  const refused = summaryOf(diffTexts(texts)).refused;
  assert.deepEqual(refused, [`ambiguous function "k"`]);
  const findHomes = () => () => ({ functionName: "k" });
  const diff = diffTexts({ ...texts, options: { findHomes } });
  assert.deepEqual(summaryOf(diff), { ...patchable(["f"], ["k"]) });
});
