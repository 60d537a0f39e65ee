// A minute of fuzzing, and that it finds what it is there to find.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzCase } from "./fuzz-case.ts";
import { runFuzz } from "./fuzz-run.ts";
import { fuzzSeeds } from "./fuzz-seeds.ts";
import { fuzzStages, tryPayload } from "./fuzz-try.ts";
import { failureOf } from "./fuzz-worker.ts";

test("fuzzSeeds() are payloads that every reader takes, so that mutants get far", () => {
  for (const seed of fuzzSeeds()) {
    const { outcomes, failure } = tryPayload({ seed, bytes: seed.bytes, isCompared: true });
    assert.equal(failure, undefined);
    const isForeign = seed.name.endsWith("AArch64");
    for (const stage of fuzzStages) {
      const isRefused = isForeign && (stage === "model" || stage === "check");
      assert.equal(outcomes[stage], isRefused ? "refused" : "taken", `${seed.name}: ${stage}`);
    }
  }
});

test("fuzzCase() makes the same input of the same id, and many different ones", () => {
  const ids = Array.from({ length: 200 }, (_, index) => `same-${index}`);
  const hexOf = (id: string) => Buffer.from(fuzzCase(id).bytes).toString("hex");
  assert.deepEqual(ids.map(hexOf), ids.map(hexOf));
  assert.ok(new Set(ids.map(hexOf)).size > 190);
});

test("failureOf() tells what is thrown that is no error of ours, and where", () => {
  // Claims to have bytes, and throws a RangeError when they are looked at.
  const bytes = new Proxy(new Uint8Array(8), {
    get: () => {
      throw new RangeError("out of bounds");
    },
  });
  const failure = failureOf({ ...fuzzCase("any-1"), bytes }, () => {});
  assert.deepEqual([failure?.kind, failure?.stage], ["error", "parse"]);
  assert.match(failure?.message ?? "", /RangeError: out of bounds/);
});

test("runFuzz() ends a thread that keeps on, runs out of memory or throws, and goes on behind", async () => {
  const failures: string[] = [];
  const { inputs } = await runFuzz({
    seed: "bad",
    jobs: 1,
    inputsMax: 6,
    untilMs: Date.now() + 600_000,
    hangMs: 10_000,
    worker: new URL("bad-worker.test.support.js", import.meta.url),
    onFailure: ({ id, kind }) => failures.push(`${id} ${kind}`),
    onProgress: () => {},
  });
  assert.deepEqual(failures, ["bad-1 hang", "bad-2 memory", "bad-3 error"]);
  assert.equal(inputs, 2);
});

test("no mutated payload crashes, keeps or floods what reads payloads", async () => {
  // Any number of inputs counts: how many a minute has is the machine's business.
  const failures: string[] = [];
  const { inputs } = await runFuzz({
    seed: "ci",
    jobs: 1,
    inputsMax: 1_000_000,
    untilMs: Date.now() + 60_000,
    onFailure: ({ id, kind, message }) => failures.push(`${id}: ${kind}: ${message}`),
    onProgress: () => {},
  });
  assert.deepEqual(failures.slice(0, 5), []);
  assert.ok(inputs > 0);
});
