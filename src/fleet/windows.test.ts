// When hosts may be begun.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FleetError } from "./errors.ts";
import { isOpen, nextOpening, parseWindow } from "./windows.ts";

const at = (text: string) => Date.parse(text);

test("isOpen() is true inside of a window, over midnight and over the end of the week", () => {
  const windows = [parseWindow("sat-sun 22:00-02:30")];
  // 2026-12-05 is a Saturday.
  assert.equal(isOpen(windows, at("2026-12-05T21:59:59Z")), false);
  assert.equal(isOpen(windows, at("2026-12-05T22:00:00Z")), true);
  assert.equal(isOpen(windows, at("2026-12-06T02:29:59Z")), true);
  assert.equal(isOpen(windows, at("2026-12-06T02:30:00Z")), false);
  assert.equal(isOpen(windows, at("2026-12-07T01:00:00Z")), true);
  assert.equal(isOpen([parseWindow("sat 22:00-02:00")], at("2026-12-06T01:00:00Z")), true);
});

test("isOpen() is true at all times where there is no window", () => {
  assert.equal(isOpen([], 0), true);
  assert.equal(nextOpening([], 5), 5);
});

test("nextOpening() is the first moment that is open", () => {
  const monday = [parseWindow("mon,wed 01:00-05:00")];
  assert.equal(nextOpening(monday, at("2026-12-01T00:00:30Z")), at("2026-12-02T01:00:00Z"));
  const day = fc.constantFrom("mon", "tue-thu", "sat,sun", "fri-mon");
  const clock = fc.constantFrom("00:00", "01:30", "12:00", "23:59");
  fc.assert(
    fc.property(day, clock, clock, fc.nat(10 * 24 * 60), (days, from, to, minutes) => {
      const windows = [parseWindow(`${days} ${from}-${to}`)];
      const atMs = at("2026-12-01T00:00:00Z") + minutes * 60_000 + 7;
      const opening = nextOpening(windows, atMs);
      assert.ok(opening >= atMs && isOpen(windows, opening));
      for (let probe = atMs; probe < opening; probe += 45 * 60_000) {
        assert.equal(isOpen(windows, probe), false);
      }
    }),
  );
});

test("parseWindow() takes a range of days over the end of the week, and a whole day", () => {
  assert.deepEqual(parseWindow("fri-mon 00:00-00:00"), {
    days: [0, 1, 5, 6],
    startMinute: 0,
    lengthMinutes: 1440,
  });
});

test("parseWindow() refuses what is neither a day nor a time", () => {
  for (const bad of [
    "",
    "sat",
    "22:00-23:00",
    "xyz 22:00-23:00",
    "sat 24:00-01:00",
    "sat 1:00-2:00",
    "sat- 01:00-02:00",
  ]) {
    assert.throws(() => parseWindow(bad), FleetError, bad);
  }
});
