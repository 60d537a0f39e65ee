// Which hosts come first, and how many.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FleetError } from "./errors.ts";
import { divideIntoWaves, formatWave, orderForWaves, parseWaves } from "./waves.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `h${index}`);
const sizesOf = (count: number, text: string) =>
  divideIntoWaves(names(count), parseWaves(text)).waves.map((wave) => wave.length);

test("divideIntoWaves() counts hosts from the start, and rounds shares up", () => {
  assert.deepEqual(sizesOf(100, "1,5%,25%,100%"), [1, 4, 20, 75]);
  assert.deepEqual(sizesOf(10_000, "1,5%,25%,100%"), [1, 499, 2000, 7500]);
  assert.deepEqual(sizesOf(7, "2,50%,100%"), [2, 2, 3]);
});

test("divideIntoWaves() leaves out a wave of no host, and names it", () => {
  const { waves, empty } = divideIntoWaves(names(10), parseWaves("1,5%,25%,100%"));
  assert.deepEqual(
    waves.map((wave) => wave.length),
    [1, 2, 7],
  );
  assert.deepEqual(empty, ["5%"]);
  assert.deepEqual(divideIntoWaves(names(1), parseWaves("5,100%")).empty, ["100%"]);
});

test("divideIntoWaves() names the hosts that the last wave does not reach", () => {
  assert.deepEqual(divideIntoWaves(names(4), parseWaves("1,50%")).beyond, ["h2", "h3"]);
});

test("divideIntoWaves() puts each host into one wave or beyond, in order", () => {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 60 }).map((count) => ({ kind: "hosts", count }) as const),
    fc.integer({ min: 1, max: 100 }).map((percent) => ({ kind: "share", percent }) as const),
  );
  fc.assert(
    fc.property(fc.nat(50), fc.array(size, { minLength: 1, maxLength: 6 }), (count, sizes) => {
      const { waves, beyond, empty } = divideIntoWaves(names(count), sizes);
      assert.deepEqual([...waves.flat(), ...beyond], names(count));
      assert.ok(waves.every((wave) => wave.length > 0));
      assert.equal(waves.length + empty.length, sizes.length);
    }),
  );
});

test("parseWaves() refuses waves of none, of more than all, and those that do not grow", () => {
  for (const bad of ["", "0", "0%", "101%", "x", "1,,2", "5%,5%", "25%,5%", "3,2", "1.5", "-1"]) {
    assert.throws(() => parseWaves(bad), FleetError, bad);
  }
  assert.deepEqual(parseWaves("1, 5%, 10, 100%").map(formatWave), ["1", "5%", "10", "100%"]);
});

test("orderForWaves() begins with the canaries, and lets the values of a label take turns", () => {
  const hosts = ["a", "b", "c"].flatMap((pool) =>
    [0, 1, 2, 3].map((index) => ({ id: `${pool}${index}`, labels: { pool } })),
  );
  for (let seed = 0; seed < 50; seed++) {
    const dice = (below: number) => (seed * 7919 + below * 31) % below;
    const order = orderForWaves(hosts, ({ id }) => id === "c3", "pool", dice);
    assert.equal(order[0], "c3");
    assert.deepEqual(
      order.toSorted(),
      hosts.map(({ id }) => id),
    );
    for (let turn = 1; turn + 3 <= 10; turn += 3) {
      const pools = order.slice(turn, turn + 3).map((id) => id[0]);
      assert.equal(new Set(pools).size, 3, order.join(" "));
    }
  }
});

test("orderForWaves() does not depend on the order in which hosts were found", () => {
  const hosts = names(20).map((id) => ({ id, labels: {} }));
  const dice = () => (below: number) => (below * 17) % below;
  const one = orderForWaves(hosts, () => false, undefined, dice());
  assert.deepEqual(
    orderForWaves(hosts.toReversed(), () => false, undefined, dice()),
    one,
  );
});
