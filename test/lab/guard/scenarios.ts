// What an unmodified Xen does with payloads that carry old code, as scenarios that are played on real
// hypervisors (guard.test.ts) and on the model of each (guard-model.test.ts): every right and wrong order,
// and each way in which the code can be other than expected. Each scenario leaves the host as it found it.
// Not a test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../../../src/host/errors.ts";
import type { LivepatchHost } from "../../../src/host/host.ts";
import { settledState } from "../../../src/host/settled-state.ts";
import { actOptions, call } from "../host-under-test.ts";
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
        await clean(bench.host);
      }
      assert.equal(await bench.hashText(), before, "the host's code is as it was");
    });
  }
}

/** Only the payload on top can be reverted, and a list does not tell which one that is. */
async function clean(host: LivepatchHost): Promise<void> {
  for (
    let payloads = await host.list(call);
    payloads.length > 0;
    payloads = await host.list(call)
  ) {
    const applied = payloads.filter(({ status }) => settledState(status) === "applied");
    const reverts = applied.map(
      ({ name }) =>
        () =>
          host.act("revert", name, actOptions),
    );
    const unloads = payloads.map(
      ({ name }) =>
        () =>
          host.act("unload", name, actOptions),
    );
    for (const step of applied.length > 0 ? reverts : unloads) {
      await step().catch((error) => assert.ok(error instanceof HostError, String(error)));
    }
  }
}
