import assert from "node:assert/strict";
import { test } from "node:test";
import { countBefore } from "./sorted.ts";

test("countBefore() finds in a list of any length how many items come before each limit", () => {
  for (let length = 0; length < 20; length++) {
    const sorted = Array.from({ length }, (_, index) => index * 2);
    for (let limit = -1; limit <= length * 2; limit++) {
      const expected = sorted.filter((item) => item < limit).length;
      assert.equal(
        countBefore(sorted, (item) => item < limit),
        expected,
        `${limit} in ${length}`,
      );
    }
  }
});

test("countBefore() looks at few items of a long list", () => {
  const sorted = Array.from({ length: 1 << 16 }, (_, index) => index);
  let looks = 0;
  countBefore(sorted, (item) => {
    looks++;
    return item < 40_000;
  });
  assert.ok(looks <= 17, `${looks} items`);
});
