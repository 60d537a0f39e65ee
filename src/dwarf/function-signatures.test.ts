import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./dwarf.test.support.ts";
import { findFunctionSignatures } from "./function-signatures.ts";

const types = `struct pair { long a, b; }; struct three { long a, b, c; };
  struct __attribute__((packed)) odd { char a; long b; }; struct none { };`;

/** A declaration of `f`: registers for arguments, whether some are on the stack, registers for results. */
const cases: readonly (readonly [
  declaration: string,
  takes: number,
  stack: boolean,
  gives: number,
])[] = [
  ["void f(void)", 0, false, 0],
  ["int f(int a, char *b, unsigned char c)", 3, false, 1],
  ["long f(int a, int b, int c, int d, int e, int f)", 6, false, 1],
  ["long f(int a, int b, int c, int d, int e, int f, int g)", 6, true, 1],
  ["__int128 f(int a, __int128 b)", 3, false, 2],
  ["struct pair f(struct pair a, struct none b)", 2, false, 2],
  ["struct three f(int a)", 2, false, 1],
  ["void f(struct three a, int b)", 1, true, 0],
  ["void f(struct odd a, int b)", 1, true, 0],
  ["void f(int a, int b, int c, int d, int e, struct pair f, int g)", 6, true, 0],
  ["int f(const char *format, ...)", 6, true, 1],
  ["enum { ON } f(void (*call)(int))", 1, false, 1],
];

for (const [declaration, registers, stack, givesRegisters] of cases) {
  test(`findFunctionSignatures() reads: ${declaration}`, () => {
    const object = compile(`${types} ${declaration} { for (;;) ; }`, ["-g"]);
    assert.deepEqual(findFunctionSignatures(object)("f"), {
      takes: { registers, stack: stack ? "some" : "nothing" },
      givesRegisters,
    });
  });
}

test("findFunctionSignatures() knows of clones only what they give", () => {
  const find = findFunctionSignatures(compile("int f(int a) { return a; }", ["-g"]));
  assert.deepEqual(find("f.isra.0"), { takes: undefined, givesRegisters: 1 });
  assert.equal(find("g"), undefined);
});

test("findFunctionSignatures() reads a function that is inlined as well", () => {
  const text = `int out(int); static inline int f(int a, int b, long c) { return out(a) + out(b) + c; }
    int (*pointer)(int, int, long) = f; int g(int n) { return f(n, n, n); }`;
  const find = findFunctionSignatures(compile(text, ["-g"]));
  assert.deepEqual(find("f"), { takes: { registers: 3, stack: "nothing" }, givesRegisters: 1 });
});
