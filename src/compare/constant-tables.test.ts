// Tables of constants that a fix changes: who may still hold their address when a function ends. What is
// no result of it nobody reads, though a register holds it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, fileAround, flavours, noinline, testPolicy } from "../diff/diff.test.support.ts";
import { diffObjects } from "../diff/diff-objects.ts";
import { findFunctionResults } from "../dwarf/function-results.ts";

/** How Xen is compiled where the CPU's returns are not trusted. */
const thunks = ["-mfunction-return=thunk-extern", "-mindirect-branch=thunk-extern"];

/** The rules of what is refused when the first two of the table change places; in all flavours the same. */
function refusalsOf(body: string, debug = "-g"): readonly string[] {
  const text =
    fileAround(`extern const char first[], second[], third[]; extern void say(const char *, int);
    extern const void *kept; struct pair { const void *start; long count; };
    static const char *const table[] = { /*at*/ first, second, third };
    ${noinline} ${body}`);
  const all = [...flavours, ...flavours.map((flags) => [...flags, ...thunks])].map((flags) => {
    const [before, after] = [text, text.replace("/*at*/ first, second", "second, first")].map(
      (one) => compile(one, [...flags, "-fno-jump-tables", debug]),
    );
    assert.ok(before && after);
    const diff = diffObjects(before, after, {
      policy: testPolicy,
      findHomes: () => () => undefined,
      resultOf: findFunctionResults(before),
      isUsedElsewhere: () => false,
    });
    return [...new Set(diff.refusals.map(({ disposition }) => disposition.rule))];
  });
  for (const other of all) assert.deepEqual(other, all[0]);
  return all[0] ?? [];
}

/** The compiler makes no copy for the table in particular. */
const noipa = "__attribute__((noipa))";

const carried: Readonly<Record<string, string>> = {
  "a function without a result reads": `void f(int x) { asm volatile ("" : : "a" (&table[x & 1]));
    asm volatile ("" : : "a" (&table[0])); }`,
  "a function reads for a call at its end": `void f(int x) { if (x < 3) say(table[x], x); }`,
  "a function with a number reads, in the other register of a result": `int f(int x) {
    asm volatile ("" : : "d" (&table[0])); return x * 3; }`,
  "a function hands to one of its file that only reads": `static ${noipa} const char *at(const char *const *all,
    int x) { return x < 3 ? all[x] : 0; }
    void f(int x) { say(at(table, x), x); }`,
  "a function hands to one that hands it to itself": `static ${noipa} int count(int x, const char *const *all) {
    if (x < 3 && all[x]) { say(all[x], x); return count(x + 1, all) + 1; } return 0; }
    int f(int x) { return count(x, table); }`,
};

for (const [name, body] of Object.entries(carried)) {
  test(`diffObjects() carries a copy of a table that ${name}`, () => {
    assert.deepEqual(refusalsOf(body), []);
  });
}

const kept: Readonly<Record<string, string>> = {
  "a function returns": "const void *f(int x) { return &table[x]; }",
  "a function returns as a number": "long f(int x) { return (long)&table[x]; }",
  "a function returns as half of a structure":
    "struct pair f(int x) { return (struct pair){ &table[x], x }; }",
  "a function without a result stores": "void f(int x) { kept = &table[x]; }",
  "a function hands to one of its file that stores it": `static ${noipa} void keep(const char *const *all, int x) {
    if (x) kept = all + x; }
    void f(int x) { keep(table, x); }`,
  "a function hands to one of its file that returns it": `static ${noipa} const void *at(const char *const *all,
    int x) { say(all[x], x); return all + x; }
    void f(int x) { kept = at(table, x); }`,
  "a function hands to one of its file, and that to unknown code": `static ${noipa} int tell(const char *const *all,
    int x) { say((const char *)all, x); return x; }
    static ${noipa} int more(const char *const *all, int x) { return tell(all, x) + 1; }
    int f(int x) { return more(table, x); }`,
  "a function hands to a body that the linker may replace": `__attribute__((weak)) int
    other(const char *const *all, int x) { return all[x] != 0; }
    int f(int x) { return other(table, x) + 1; }`,
  "a function without a result hands on": "void f(int x) { say((const char *)table, x); }",
};

for (const [name, body] of Object.entries(kept)) {
  test(`diffObjects() refuses a change of a table that ${name}`, () => {
    assert.deepEqual(refusalsOf(body), ["read-only-escapes"]);
  });
}

test("diffObjects() takes a register for a result where no types are known", () => {
  const body = carried["a function without a result reads"] ?? "";
  assert.deepEqual(refusalsOf(body, "-g0"), ["read-only-escapes"]);
});
