// What an unmodified Xen does with payloads that carry old code, as scenarios that are played on real
// hypervisors (guard.test.ts) and on the model of each (guard-model.test.ts): every right and wrong order,
// and each way in which the code can be other than expected. Each scenario leaves the host as it found it.
// Not a test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clearHost } from "../host-under-test.ts";
import { othersScenarios } from "./among-others.ts";
import type { GuardBench, GuardScenarios } from "./bench.ts";
import { compareScenarios } from "./compare.ts";
import { toldScenarios } from "./told.ts";

const scenarios: GuardScenarios = { ...compareScenarios, ...othersScenarios, ...toldScenarios };

export function defineGuardScenarios(open: () => GuardBench): void {
  for (const [title, play] of Object.entries(scenarios)) {
    test(title, async () => {
      const bench = open();
      const before = await bench.hashText();
      try {
        await play(bench);
      } finally {
        await clearHost(bench.host);
      }
      assert.equal(await bench.hashText(), before, "the host's code is as it was");
    });
  }
}
