// The record of a bisection: all that an interrupted search needs to go on, and it goes on with no other.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bisectSeries } from "../../src/bisect/bisect.ts";
import { decodeRecord, encodeRecord } from "../../src/bisect/record.ts";
import {
  begin,
  codeIs,
  effectsOf,
  openBusyHost,
  openHost,
  options,
  stateOf,
  subjectOf,
} from "./search-host.ts";

test("decodeRecord() gives back what encodeRecord() wrote, and refuses what no search has made", async () => {
  const opened = openHost();
  const effects = effectsOf(opened, { fault: 4 });
  const { record } = await bisectSeries(opened.host, begin, effects, options);
  const text = encodeRecord(record);
  assert.deepEqual(decodeRecord(text, "x"), record);
  const bad = [
    "",
    "[]",
    text.replace('"version": 1', '"version": 2'),
    text.replace('"prefix": 7', '"prefix": 6'),
    text.replace('"verdict": "bad"', '"verdict": "worse"'),
    JSON.stringify({ ...record, subject: { ...record.subject, fixes: [] } }),
    JSON.stringify({ ...record, probes: [...record.probes, record.probes[0]] }),
  ];
  for (const damaged of bad) {
    assert.throws(() => decodeRecord(damaged, "x"), codeIs("bisect/bad-record"), damaged);
  }
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(text.length), (from, to) => {
      const cut = text.slice(0, from) + text.slice(Math.max(from, to));
      try {
        decodeRecord(cut, "x");
      } catch (error) {
        assert.ok(codeIs("bisect/bad-record")(error), String(error));
      }
    }),
  );
});

test("bisectSeries() goes on with the same search only, and after a reboot from the host as it is", async () => {
  const opened = openHost();
  const effects = effectsOf(opened, { fault: 4 });
  const { record } = await bisectSeries(opened.host, begin, effects, options);
  const others = [subjectOf(8), { ...begin.subject, check: "other" }];
  for (const subject of others) {
    const run = bisectSeries(opened.host, { ...begin, subject, record }, effects, options);
    await assert.rejects(run, codeIs("bisect/other-record"));
  }
  const rebooted = await openBusyHost();
  const before = stateOf(rebooted);
  const known = { ...record, probes: record.probes.slice(0, 3) };
  const again = effectsOf(rebooted, { fault: 4 });
  const result = await bisectSeries(rebooted.host, { ...begin, record: known }, again, options);
  assert.deepEqual(result.conclusion, { kind: "found", fix: 4 });
  assert.equal(again.checked.length, record.probes.length - 3);
  assert.deepEqual(stateOf(rebooted), before);
});
