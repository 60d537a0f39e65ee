// How many at once, in all and of one pool.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FleetError } from "./errors.ts";
import type { FleetHost } from "./labels.ts";
import { chooseNext, requireLimits } from "./limits.ts";

const host = (id: string, pool?: string): FleetHost => ({
  id,
  labels: pool === undefined ? {} : { pool },
});
const ids = (hosts: readonly FleetHost[]) => hosts.map(({ id }) => id);

test("chooseNext() passes over a host whose pool is busy, and takes those behind it", () => {
  const waiting = [host("a2", "a"), host("b1", "b"), host("b2", "b"), host("c1", "c")];
  const limits = { atOnce: 3, perLabel: { pool: 1 } };
  assert.deepEqual(ids(chooseNext(waiting, [host("a1", "a")], [], limits)), ["b1", "c1"]);
});

test("chooseNext() counts what other roll-outs have away from a pool, but not in the number of this one", () => {
  const limits = { atOnce: 1, perLabel: { pool: 1 } };
  assert.deepEqual(
    ids(chooseNext([host("a2", "a"), host("b1", "b")], [], [host("a1", "a")], limits)),
    ["b1"],
  );
});

test("chooseNext() counts hosts without the label together", () => {
  const limits = { atOnce: 9, perLabel: { pool: 1 } };
  assert.deepEqual(ids(chooseNext([host("x"), host("y"), host("a", "a")], [], [], limits)), [
    "x",
    "a",
  ]);
});

test("chooseNext() never exceeds a limit, and leaves nobody waiting who could go", () => {
  const some = (prefix: string) =>
    fc
      .array(fc.constantFrom("a", "b", "c", undefined), { maxLength: 12 })
      .map((pools) => pools.map((pool, index) => host(`${prefix}${index}`, pool)));
  const limit = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(
      some("w"),
      some("b"),
      some("o"),
      limit,
      limit,
      (waiting, busy, others, atOnce, pool) => {
        const limits = { atOnce, perLabel: { pool } };
        const chosen = chooseNext(waiting, busy, others, limits);
        assert.ok(chosen.length <= Math.max(0, atOnce - busy.length));
        const away = (value: string | undefined) =>
          [...busy, ...others, ...chosen].filter(({ labels }) => labels["pool"] === value).length;
        for (const { labels } of chosen) assert.ok(away(labels["pool"]) <= pool);
        assert.deepEqual(
          chooseNext(
            waiting.filter((one) => !chosen.includes(one)),
            [...busy, ...chosen],
            others,
            limits,
          ),
          [],
        );
      },
    ),
  );
});

test("requireLimits() refuses a limit with which nothing would ever begin", () => {
  for (const atOnce of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => requireLimits({ atOnce, perLabel: {} }), FleetError);
    assert.throws(() => requireLimits({ atOnce: 1, perLabel: { pool: atOnce } }), FleetError);
  }
});
