import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./dwarf.test.support.ts";
import { findStaticHomes } from "./static-homes.ts";

const text = `
  extern int outside(int *); static int apart;
  static inline __attribute__((always_inline)) int inlined(int x) { static int count; return outside(&count) + x; }
  __attribute__((noinline)) static int part(int x) { static int count = 4; { static int deep; outside(&deep); }
    return outside(&count) * x; }
  int f(int x) { static int count = 3; return outside(&count) + inlined(x) + part(7) + outside(&apart); }
  int g(int x) { return inlined(x) * 2 + part(7); }`;

/** For each variable its home, by the name without the number; sorted. */
function homesOf(...flags: readonly string[]): readonly string[] {
  const object = compile(text, flags);
  const homeOf = findStaticHomes(object);
  const variables = object.symbols.filter(({ type, size }) => type === "STT_OBJECT" && size === 4n);
  return variables
    .map(
      (symbol) => `${symbol.name.replace(/\..*/, "")} ${homeOf(symbol)?.functionName ?? "nowhere"}`,
    )
    .sort();
}

const expected = ["apart nowhere", "count f", "count inlined", "count part", "deep part"];

test("findStaticHomes() tells the function of each static variable, inlined or not", () => {
  for (const flags of [[], ["-fdata-sections", "-ffunction-sections"], ["-gdwarf-4"]]) {
    assert.deepEqual(homesOf("-g", ...flags), expected, flags.join(" "));
  }
});

test("findStaticHomes() knows nothing without debug information", () => {
  assert.deepEqual(
    homesOf().map((line) => line.split(" ")[1]),
    expected.map(() => "nowhere"),
  );
});
