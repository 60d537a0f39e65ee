// Actions that go on in the hypervisor while nobody waits for them any more.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError, type HostErrorCode } from "../../src/host/errors.ts";
import type { LivepatchHost } from "../../src/host/host.ts";
import { numbersFrom } from "../plan-universe.ts";
import { Luck } from "../simulation/luck.ts";
import { Machine } from "../simulation/machine.ts";
import { ProcessHost } from "../simulation/process-host.ts";
import { known, one, two } from "./payloads.test.support.ts";
import { exactly, quietly, syncTo } from "./sync-host.ts";

const late = { afterMs: 500, isMissed: false };
const asUsual = { dependencyCheck: "whole-chain", quiesceMs: 30 } as const;

function hostOf(machine: Machine): ProcessHost {
  const luck = Luck.none(numbersFrom(1));
  const nobody = { onStranger: async () => {}, onInterrupt: () => {} };
  return new ProcessHost({ machine, by: "sync", luck, ...nobody });
}

/** The first action that begins on it takes long, and contact is lost meanwhile. */
function losingContact(machine: Machine, code: HostErrorCode): LivepatchHost {
  const host = hostOf(machine);
  const act = host.act.bind(host);
  let isFirst = true;
  return Object.assign(host, {
    act: async (...[action, name, options]: Parameters<typeof act>) => {
      if (!isFirst) return act(action, name, options);
      isFirst = false;
      machine.start({ action, name, ...options }, "sync", late);
      throw new HostError({ code, problem: "Cannot hear of it" });
    },
  });
}

const waiting = (machine: Machine) => ({ ...quietly, pause: () => machine.sleep(100) });

for (const code of ["host/timeout", "host/unreachable", "host/refused"] as const) {
  test(`syncHost() waits for an action of which it has lost sight (${code}), and believes the host`, async () => {
    const machine = new Machine();
    const host = losingContact(machine, code);
    const report = await syncTo(host, exactly(one), known, waiting(machine));
    assert.equal(report.outcome, "done");
    assert.deepEqual(machine.model.applied, [one.name]);
    assert.equal(machine.worker, undefined);
  });
}

test("syncHost() waits for what one that was killed has left under way", async () => {
  const machine = new Machine();
  await syncTo(hostOf(machine), exactly(one, two), known, waiting(machine));
  machine.start({ action: "revert", name: two.name, ...asUsual }, "killed", late);
  const report = await syncTo(hostOf(machine), exactly(one, two), known, waiting(machine));
  assert.equal(report.outcome, "done");
  assert.deepEqual(
    report.plan.steps.map(({ action }) => action),
    ["apply"],
  );
  assert.deepEqual(machine.model.applied, [one.name, two.name]);
});
