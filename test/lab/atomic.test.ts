// The short form of the test that a replace is one step; the long one is `npm run test:atomic`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tryAtomicity } from "./atomic-run.ts";
import { describeOnXen } from "./why-no-xen.ts";

await describeOnXen("4.17", "a hypercall in a loop on Xen 4.17", () => {
  test("replace never shows the unpatched function; revert and apply do", async (t) => {
    const goal = { release: "4.17", calls: 20_000, replaces: 20, controlsMax: 200 };
    const result = await tryAtomicity(goal);
    t.diagnostic(JSON.stringify(result));
    assert.ok(result.calls >= goal.calls);
    assert.ok(result.replaces >= goal.replaces);
    assert.equal(result.unpatchedSeen, 0);
    assert.equal(result.othersSeen, 0);
    assert.equal(result.changesSeen, result.replaces);
    assert.ok(result.gapSeenInControl > 0, "a loop that misses the gap shows nothing");
  });
});
