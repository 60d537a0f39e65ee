import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./dwarf.test.support.ts";
import { findFunctionResults } from "./function-results.ts";

const text = `struct two { long a, b; }; typedef unsigned char u8; enum mode { OFF, ON };
  extern void outside(void *);
  __attribute__((noinline)) static void part(int x) { outside(&x); outside(&x); }
  void nothing(int x) { part(7); part(x); }
  u8 small(int x) { return x; } enum mode mode(int x) { return x > 1; } void *pointer(void *p) { return p; }
  struct two pair(int x) { return (struct two){ x, 1 }; } __int128 wide(int x) { return x; }
  const volatile int qualified(int x) { return x; }`;

test("findFunctionResults() tells functions without a result from those with a number, by their types", () => {
  for (const version of ["-gdwarf-5", "-gdwarf-4"]) {
    const resultOf = findFunctionResults(compile(text, [version]));
    const names =
      "nothing part part.constprop.0 small mode pointer qualified pair wide other".split(" ");
    assert.deepEqual(
      names.map((name) => `${name}: ${resultOf(name)}`),
      [
        ...["nothing: nothing", "part: nothing", "part.constprop.0: nothing"],
        ...["small: number", "mode: number", "pointer: number", "qualified: number"],
        ...["pair: unknown", "wide: unknown", "other: unknown"],
      ],
    );
  }
});

test("findFunctionResults() knows nothing without debug information", () => {
  assert.equal(findFunctionResults(compile(text, []))("nothing"), "unknown");
});
