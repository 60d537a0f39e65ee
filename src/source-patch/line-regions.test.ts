import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findRegions, oldLineOf } from "./line-regions.ts";

test("oldLineOf() leads every line that is not in a region to the same line before", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", ""), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const regions = findRegions(`${before.join("\n")}\n`, `${after.join("\n")}\n`);
      for (const [index, line] of after.entries()) {
        const old = oldLineOf(regions, index + 1);
        if (old !== undefined) assert.equal(before[old - 1], line);
      }
      const added = regions.reduce((sum, { newCount }) => sum + newCount, 0);
      const mapped = after.filter((_, index) => oldLineOf(regions, index + 1) !== undefined).length;
      assert.ok(mapped + added >= after.length);
    }),
  );
});

test("findRegions() names an insertion by the line in front of which it stands", () => {
  assert.deepEqual(findRegions("a\nb\n", "a\nx\ny\nb\n"), [
    { oldStart: 2, oldCount: 0, newStart: 2, newCount: 2 },
  ]);
});
