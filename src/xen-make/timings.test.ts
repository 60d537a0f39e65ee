import assert from "node:assert/strict";
import { test } from "node:test";
import { timeSpent } from "./timings.ts";

const phase = (by: "xsplice" | "make", startMs: number, ms: number) => {
  return { name: "phase", by, startMs, ms };
};

test("timeSpent() counts waiting for make once, work meanwhile not, and gaps as our own", () => {
  assert.deepEqual(timeSpent([]), { totalMs: 0, ownMs: 0 });
  const phases = [
    phase("xsplice", 0, 10),
    phase("make", 30, 50), // 30 to 80
    phase("make", 20, 40), // 20 to 60, overlaps
    phase("xsplice", 40, 10),
    phase("make", 25, 5), // inside
    phase("xsplice", 80, 20),
  ];
  assert.deepEqual(timeSpent(phases), { totalMs: 100, ownMs: 40 });
});
