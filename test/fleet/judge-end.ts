// What has to be true at the end: each host is where its roll-out says, or is named with the state that it is in.

import assert from "node:assert/strict";
import { endOf, type HostEnd } from "../../src/fleet/host-end.ts";
import type { Rollout } from "../../src/fleet/records.ts";
import { absorb, emptyReplica, type Replica } from "../../src/fleet/replica.ts";
import type { RolloutPlan } from "../../src/fleet/rollout-plan.ts";
import { sameStack } from "../../src/fleet/stack.ts";
import type { Fault } from "./faults.ts";
import type { Fleet } from "./fleet.ts";
import type { SimHost } from "./sim-host.ts";

export function checkEnd(fleet: Fleet, faults: readonly Fault[]): readonly string[] {
  const { scenario, store, hosts } = fleet;
  const written = [...store.entries.values()];
  const replica = absorb(
    emptyReplica,
    written.map(({ key, entry }) => ({ kind: "changed", key, entry })),
    0,
  );
  const ends = scenario.plans.flatMap((plan) => {
    const rollout = store.get("rollout", plan.id)?.value ?? assert.fail();
    const ofHosts = Object.keys(plan.hosts).map((id) => {
      const end = endOf(plan, id, replica, store.time);
      checkHost(hosts.get(id) ?? assert.fail(), plan, end, fleet);
      return `${id} ${end.kind}`;
    });
    checkPhase(plan, rollout, fleet, replica);
    return [`${plan.id} ${rollout.phase}`, ...ofHosts];
  });
  checkNothingLost(fleet);
  if (isMachineryOnly(fleet, faults)) checkSameEnd(fleet);
  return ends;
}

/** A roll-out says no more of itself than holds for its hosts. */
function checkPhase(
  plan: RolloutPlan,
  { phase, after, wave, reason = "" }: Rollout,
  { store }: Fleet,
  replica: Replica,
): void {
  const isLast = (host: string) => store.get("order", host)?.value.rollout === plan.id;
  const kinds = (hosts: readonly string[]) =>
    hosts.filter(isLast).map((host) => `${host} ${endOf(plan, host, replica, store.time).kind}`);
  if (phase === "done") {
    // Later than the last gate a host may have done anything; but none was left out.
    const left = plan.waves.flat().filter((host) => store.get("order", host) === undefined);
    assert.deepEqual(left, [], `${plan.id} is done, and these were never begun`);
  }
  if (phase !== "taken-back") return;
  const scope = plan.waves.slice(after === "take-back-wave" ? wave : 0, wave + 1).flat();
  // One that was away meanwhile is told of.
  const isTold = (host: string) => reason.includes(`${host} (`);
  const kept = kinds(scope.filter((host) => !isTold(host))).filter((end) =>
    end.endsWith(" arrived"),
  );
  assert.deepEqual(kept, [], `${plan.id} is taken back, and these are not`);
}

/** What is said of it is true. */
function checkHost(
  host: SimHost,
  plan: RolloutPlan,
  end: HostEnd,
  { store, scenario }: Fleet,
): void {
  const { from = [], to = [] } = plan.hosts[host.id] ?? {};
  // What befalls a host later than it was last looked at is nothing that anybody could know.
  if (host.isDisturbed || host.flaw.startsWith("lies")) return;
  const isLast = store.get("order", host.id)?.value.rollout === plan.id;
  const shown = `${host.id} is ${end.kind}, and runs ${host.stack.join(" ") || "nothing"}`;
  switch (end.kind) {
    case "untouched":
      if (store.get("order", host.id) === undefined)
        assert.ok(sameStack(host.stack, host.before), shown);
      return;
    case "arrived":
      assert.ok(sameStack(host.stack, to), shown);
      return;
    case "back":
      assert.ok(sameStack(host.stack, from), shown);
      return;
    case "failed":
      assert.ok(!isLast || sameStack(host.stack, end.shows?.stack ?? []), shown);
      return;
    case "silent":
      // Where patience is short, an outage of its runners is enough.
      if (scenario.weather === "hosts") return;
      assert.fail(`${shown}: it has answered all the time`);
      return;
  }
}

/** Whatever was ordered has ended, or its host does not answer; and only such a host keeps its place. */
function checkNothingLost({ store, hosts }: Fleet): void {
  for (const host of hosts.values()) {
    const order = store.get("order", host.id)?.value;
    const isOver = order === undefined || order.status === "ended" || order.status === "withdrawn";
    assert.ok(isOver || host.isGone, `the order of ${host.id} is lost: ${order?.status}`);
    const isGranted = Object.hasOwn(store.get("ledger", "fleet")?.value.grants ?? {}, host.id);
    assert.ok(!isGranted || host.isGone, `${host.id} keeps its place, and nobody is at work there`);
  }
}

function isMachineryOnly({ scenario }: Fleet, faults: readonly Fault[]): boolean {
  return scenario.weather === "calm" || scenario.weather === "machinery" || faults.length === 0;
}

/** Deaths, cuts and a store that was away leave no trace: all has become as if there had been none. */
function checkSameEnd({ scenario, store, hosts }: Fleet): void {
  if (scenario.hosts.some(({ flaw }) => flaw !== "none") || scenario.badCheck !== undefined) return;
  for (const plan of scenario.plans) {
    const { phase, reason } = store.get("rollout", plan.id)?.value ?? assert.fail();
    // Unless the other one had ended by then.
    if (plan.rules.whenOverlapping === "refuse" && phase === "refused") continue;
    assert.equal(phase, "done", `${plan.id} has ended as ${phase}: ${reason}`);
    for (const [id, { to }] of Object.entries(plan.hosts)) {
      const stack = hosts.get(id)?.stack ?? [];
      assert.ok(sameStack(stack, to), `${id} runs ${stack.join(" ")}, and not ${to.join(" ")}`);
    }
  }
}
