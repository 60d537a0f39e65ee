import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Conclusion, nextProbe, type ProbedPrefix, type ProbeVerdict } from "./search.ts";

interface Search {
  readonly conclusion: Conclusion;
  readonly probes: readonly ProbedPrefix[];
}

function search(count: number, judge: (prefix: number) => ProbeVerdict): Search {
  const probes: ProbedPrefix[] = [];
  for (;;) {
    const next = nextProbe(count, probes);
    if (next.kind !== "probe") return { conclusion: next, probes };
    assert.ok(!probes.some(({ prefix }) => prefix === next.prefix), "no prefix is tried twice");
    probes.push({ prefix: next.prefix, verdict: judge(next.prefix) });
  }
}

/** A series, the fix at fault, and prefixes of which nobody can tell. */
const series = fc.integer({ min: 1, max: 300 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    fault: fc.integer({ min: 1, max: count }),
    silent: fc.uniqueArray(fc.integer({ min: 1, max: count }), { maxLength: count }),
  }),
);

test("nextProbe() finds the first bad fix with both ends and as many probes as there are halvings", () => {
  fc.assert(
    fc.property(series, ({ count, fault }) => {
      const { conclusion, probes } = search(count, (prefix) => (prefix < fault ? "good" : "bad"));
      assert.deepEqual(conclusion, { kind: "found", fix: fault });
      assert.ok(probes.length <= 2 + Math.ceil(Math.log2(count)), `${probes.length} probes`);
    }),
  );
});

test("nextProbe() says truly how many probes are still needed at most", () => {
  fc.assert(
    fc.property(series, ({ count, fault }) => {
      const { probes } = search(count, (prefix) => (prefix < fault ? "good" : "bad"));
      for (const [index] of probes.entries()) {
        const next = nextProbe(count, probes.slice(0, index));
        assert.ok(next.kind === "probe" && next.stepsLeft >= probes.length - index);
      }
    }),
  );
});

test("nextProbe() names a range with the fix at fault where prefixes cannot be judged, and no larger one", () => {
  fc.assert(
    fc.property(series, ({ count, fault, silent }) => {
      const hidden = new Set(silent.filter((prefix) => prefix !== count));
      const judge = (prefix: number) =>
        hidden.has(prefix) ? "cannot-tell" : prefix < fault ? "good" : "bad";
      const { conclusion, probes } = search(count, judge);
      const [first, last] = rangeOf(conclusion);
      assert.ok(first <= fault && fault <= last, `${fault} is not in ${first}..${last}`);
      for (let prefix = first; prefix < last; prefix++) assert.ok(hidden.has(prefix));
      const told = probes.filter(({ verdict }) => verdict !== "cannot-tell");
      assert.ok(told.length <= count + 1);
      assert.equal(conclusion.kind, first === last ? "found" : "narrowed");
    }),
  );
});

test("nextProbe() does not search where the ends do not differ, or cannot be judged", () => {
  assert.deepEqual(search(9, () => "good").conclusion, { kind: "never-fails" });
  assert.deepEqual(search(9, () => "bad").conclusion, { kind: "always-fails" });
  const onlyAt = (prefix: number) => (tried: number) => (tried === prefix ? "cannot-tell" : "bad");
  assert.deepEqual(search(9, onlyAt(9)).conclusion, { kind: "undecided", prefix: 9 });
  assert.deepEqual(search(9, onlyAt(0)).conclusion, { kind: "undecided", prefix: 0 });
});

test("nextProbe() tries what is nearest to a middle that cannot be judged", () => {
  const { probes } = search(8, (prefix) =>
    prefix === 4 ? "cannot-tell" : prefix < 7 ? "good" : "bad",
  );
  assert.deepEqual(
    probes.map(({ prefix }) => prefix),
    [8, 0, 4, 3, 5, 6, 7],
  );
});

function rangeOf(conclusion: Conclusion): readonly [first: number, last: number] {
  if (conclusion.kind === "found") return [conclusion.fix, conclusion.fix];
  if (conclusion.kind === "narrowed") return [conclusion.first, conclusion.last];
  return assert.fail(conclusion.kind);
}
