// The three ways in which payloads stand among others, on real hypervisors: payloads that overlap in
// part, in right and wrong orders, and that take each other's place. From source patches on the Xen of
// which there is a source, from C on older and newer ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fetchCorpusSource, whyNoCorpusSource } from "../build-corpus-source.ts";
import { type Bench, openBench } from "../compile-bench.ts";
import { call } from "../host-under-test.ts";
import { describeOnXen } from "../why-no-xen.ts";
import { broughtScenarios } from "./brought.ts";
import { cumulativeScenarios } from "./cumulative.ts";
import { independentScenarios } from "./independent.ts";
import { type MakePayload, makerFromC, makerFromPatches, onceEach } from "./makers.ts";
import { stackScenarios } from "./stack.ts";
import { type Scenarios, type Stage, stateOf } from "./stage.ts";

/** For preparing a base on a busy machine; it takes 20 s on a quiet one. */
const timeout = 300_000;
const everywhere: Scenarios = {
  ...stackScenarios,
  ...independentScenarios,
  ...cumulativeScenarios,
};

await describeModes("4.14", everywhere, async (bench) => makerFromC(bench));
const noSource = await whyNoCorpusSource();
if (noSource === false) {
  const fromSource = { ...everywhere, ...broughtScenarios };
  await describeModes("4.17", fromSource, async () => makerFromPatches(await fetchCorpusSource()));
} else {
  test("build --mode on Xen 4.17", { skip: noSource });
}
await describeModes("4.20", everywhere, async (bench) => makerFromC(bench));

async function describeModes(
  xen: string,
  scenarios: Scenarios,
  openMaker: (bench: Bench) => Promise<MakePayload>,
): Promise<void> {
  await describeOnXen(xen, `modes on Xen ${xen}`, () => {
    let stage: Stage | undefined;
    before(
      async () => {
        const bench = await openBench(xen);
        stage = { bench, make: onceEach(await openMaker(bench)) };
      },
      { timeout },
    );
    after(() => stage?.bench.close());
    for (const [title, play] of Object.entries(scenarios)) {
      test(title, { timeout }, async () => {
        assert.ok(stage);
        const untouched = await stateOf(stage.bench);
        await play(stage);
        assert.deepEqual(await stateOf(stage.bench), untouched, "the host is as it was");
        assert.deepEqual(await stage.bench.host.list(call), []);
      });
    }
  });
}
