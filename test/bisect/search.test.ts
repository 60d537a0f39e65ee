// What a bisection finds, and what it makes of fixes and checks that tell nothing, on the model of a small
// hypervisor; test/lab/ does it on a real one, from source patches.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bisectSeries } from "../../src/bisect/bisect.ts";
import type { BuiltPrefix } from "../../src/bisect/probe-prefix.ts";
import {
  begin,
  codeIs,
  effectsOf,
  openBusyHost,
  openHost,
  options,
  payloadOf,
  stateOf,
  subjectOf,
} from "./search-host.ts";

test("bisectSeries() finds the fix, checks each prefix once, and leaves no payload behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.nat(), async (count, seed) => {
      const fault = (seed % count) + 1;
      const opened = openHost();
      const effects = effectsOf(opened, { fault });
      const request = { subject: subjectOf(count), record: undefined, files: [] };
      const { conclusion, record } = await bisectSeries(opened.host, request, effects, options);
      assert.deepEqual(conclusion, { kind: "found", fix: fault });
      assert.deepEqual(
        record.probes.map(({ prefix }) => prefix),
        effects.checked,
      );
      assert.equal(new Set(effects.checked).size, effects.checked.length);
      assert.deepEqual(effects.saved.at(-1), record);
      assert.deepEqual(await opened.inner.list(), []);
    }),
    { numRuns: 30 },
  );
});

test("bisectSeries() goes around prefixes that cannot be built alone, and says what it could not tell", async () => {
  const opened = openHost();
  const build = (prefix: number): BuiltPrefix =>
    prefix === 3 || prefix === 4
      ? { kind: "refused", words: "half a fix" }
      : { kind: "built", bytes: payloadOf(prefix) };
  const effects = effectsOf(opened, { fault: 4, build });
  const { conclusion, record } = await bisectSeries(opened.host, begin, effects, options);
  assert.deepEqual(conclusion, { kind: "narrowed", first: 3, last: 5 });
  const silent = record.probes.filter(({ verdict }) => verdict === "cannot-tell");
  assert.deepEqual(silent.map(({ prefix }) => prefix).sort(), [3, 4]);
  assert.ok(silent.every(({ words, buildId }) => words === "half a fix" && buildId === undefined));
});

test("bisectSeries() takes fixes that change nothing for no payload at all", async () => {
  const opened = openHost();
  const effects = effectsOf(opened, { fault: 2, build: () => ({ kind: "unchanged" }) });
  const check = async () => ({ exitCode: 0, output: "" });
  const { conclusion } = await bisectSeries(opened.host, begin, { ...effects, check }, options);
  assert.deepEqual(conclusion, { kind: "never-fails" });
});

test("bisectSeries() believes a check that cannot tell, and none that was killed or could not be run", async () => {
  const opened = await openBusyHost();
  const before = stateOf(opened);
  const silent = effectsOf(opened, { fault: 1, check: () => 125 });
  const { conclusion, record } = await bisectSeries(opened.host, begin, silent, options);
  assert.deepEqual(conclusion, { kind: "undecided", prefix: 7 });
  assert.match(record.probes[0]?.words ?? "", /125/);
  for (const exitCode of [undefined, 126, 127, 130, 137]) {
    const effects = effectsOf(opened, { fault: 1 });
    const check = async () => ({ exitCode, output: "" });
    const run = bisectSeries(opened.host, begin, { ...effects, check }, options);
    await assert.rejects(run, codeIs("bisect/check-broken"));
  }
  assert.deepEqual(stateOf(opened), before);
});

test("bisectSeries() cannot tell of a payload that the host's code is not for, and does not try it", async () => {
  const opened = await openBusyHost();
  const before = stateOf(opened);
  // The entry of "beta" is nobody's, so a probe sees it.
  const foreign = { functions: ["beta"], expects: "another-entry" } as const;
  const build = (prefix: number): BuiltPrefix => {
    return { kind: "built", bytes: payloadOf(prefix, foreign) };
  };
  const effects = effectsOf(opened, { fault: 1, build });
  const { conclusion, record } = await bisectSeries(opened.host, begin, effects, options);
  assert.deepEqual(conclusion, { kind: "undecided", prefix: 7 });
  assert.match(record.probes[0]?.words ?? "", /the hypervisor's code is not what it expects/);
  assert.deepEqual(effects.checked, []);
  assert.deepEqual(stateOf(opened), before);
});
