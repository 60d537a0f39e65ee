import assert from "node:assert/strict";
import { test } from "node:test";
import { compiledTogether } from "./compiled-together.ts";

/** Functions in the order of their addresses; the names of those that may be together with `name`. */
function together(names: readonly string[], name: string): readonly string[] {
  const functions = names.map((one, index) => ({ name: one, address: BigInt(index * 16) }));
  const areTogether = compiledTogether(functions);
  const asked = functions.find((one) => one.name === name);
  assert.ok(asked);
  return functions.filter((one) => one !== asked && areTogether(one, asked)).map((one) => one.name);
}

test("compiledTogether() goes by the file of static functions", () => {
  const names = ["a.c#f", "a.c#g", "b.c#f", "b.c#h"];
  assert.deepEqual(together(names, "a.c#g"), ["a.c#f"]);
  assert.deepEqual(together(names, "b.c#f"), ["b.c#h"]);
});

test("compiledTogether() takes a global function for one of the file that it lies in", () => {
  const names = ["a.c#f", "a.c#g", "mid", "a.c#h", "b.c#i", "b.c#j"];
  assert.deepEqual(together(names, "mid"), ["a.c#f", "a.c#g", "a.c#h"]);
});

test("compiledTogether() leaves open what lies between two files", () => {
  const names = ["a.c#f", "one", "two", "b.c#g", "three", "c.c#h"];
  assert.deepEqual(together(names, "one"), ["a.c#f", "two", "b.c#g", "three"]);
  assert.deepEqual(together(names, "c.c#h"), ["three"]);
});

test("compiledTogether() goes by no name that several files have: a linker puts those side by side", () => {
  const names = ["a.c#f", "a.c#same", "b.c#same", "mid", "a.c#g", "b.c#h"];
  assert.deepEqual(together(names, "mid"), ["a.c#f", "a.c#same", "a.c#g"]);
  assert.deepEqual(together(names, "b.c#same"), ["b.c#h"]);
});

test("compiledTogether() lets whoever lies among cold parts come from anywhere", () => {
  const names = ["a.c#f.cold", "b.c#g.cold", "chilly", "c.c#x.cold", "a.c#f", "b.c#g", "c.c#x"];
  assert.equal(together(names, "chilly").length, names.length - 1);
  assert.deepEqual(together(names, "a.c#f.cold"), ["chilly", "a.c#f"]);
});

test("compiledTogether() leaves everything open where no function is static", () => {
  assert.deepEqual(together(["f", "g", "h"], "g"), ["f", "h"]);
});

test("compiledTogether() finds a global function's cold part, also where its file has nothing static", () => {
  const names = ["a.c#f", "g", "h", "b.c#i", "c.c#j", "a.c#f.cold", "x.c#g.cold", "x.c#h.cold"];
  assert.deepEqual(together(names, "g"), ["h", "x.c#g.cold", "x.c#h.cold"]);
  assert.deepEqual(together(names, "x.c#h.cold"), ["g", "h", "x.c#g.cold"]);
});

test("compiledTogether() lets a file without landmarks have functions between any two others", () => {
  const names = ["a.c#f", "g", "b.c#i", "c.c#same", "x.c#same", "c.c#j"];
  assert.deepEqual(together(names, "x.c#same"), ["g"]);
  assert.deepEqual(together(names, "c.c#same"), ["c.c#j"]);
});

test("compiledTogether() takes no function among cold parts for a landmark", () => {
  const names = ["a.c#f.cold", "x.c#chilly", "b.c#i.cold", "a.c#f", "g", "b.c#i"];
  assert.deepEqual(together(names, "x.c#chilly"), ["g"]);
});

test("compiledTogether() lets a global function that shares its name come from anywhere", () => {
  const names = ["a.c#f", "b.c#same", "same", "a.c#g", "b.c#h"];
  assert.deepEqual(together(names, "same"), ["a.c#f", "b.c#same", "a.c#g", "b.c#h"]);
});
