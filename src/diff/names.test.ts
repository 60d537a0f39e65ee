import assert from "node:assert/strict";
import { test } from "node:test";
import { Names } from "./names.ts";

test("Names knows the compiler's numbers, and those that a policy tells", () => {
  const plain = new Names({});
  assert.equal(plain.generic("count.3"), "count.#");
  assert.equal(plain.generic("f.constprop.0.cold.12"), "f.constprop.#.cold.#");
  assert.equal(plain.isNumbered("__UNIQUE_ID_x12"), false);
  const told = new Names({ counters: [/(?<=^__UNIQUE_ID_\w*?)\d+(?=\.|$)/] });
  assert.equal(told.generic("__UNIQUE_ID_x12"), "__UNIQUE_ID_x#");
  assert.equal(told.generic("__UNIQUE_ID_x12.4"), "__UNIQUE_ID_x#.#");
  assert.equal(told.isNumbered("x12"), false);
});
