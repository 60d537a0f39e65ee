// What has to hold at every moment, held against the true state of the hosts and of the store, whatever the
// processes believe.

import assert from "node:assert/strict";
import { hasEnded, type Rollout } from "../../src/fleet/records.ts";
import type { RolloutPlan } from "../../src/fleet/rollout-plan.ts";
import { sameStack } from "../../src/fleet/stack.ts";
import type { Clockwork } from "./clockwork.ts";
import type { Scenario } from "./scenario.ts";
import type { SimHost, Worker } from "./sim-host.ts";
import type { SimStore, Written } from "./sim-store.ts";

export class Judge {
  readonly #clockwork: Clockwork;
  readonly #store: SimStore;
  readonly #scenario: Scenario;
  readonly #hosts: ReadonlyMap<string, SimHost>;
  /** Who is at work, by host. */
  readonly #working = new Map<string, Set<Worker>>();
  readonly #tokens = new Map<string, number>();
  /** When the phase of a roll-out began, by the store. */
  readonly #phases = new Map<
    string,
    { readonly phase: string; readonly wave: number; readonly at: number }
  >();
  /** Verdicts of the user's check that were given, as `ROLLOUT/WAVE`. */
  readonly passedChecks = new Set<string>();

  constructor(
    clockwork: Clockwork,
    store: SimStore,
    scenario: Scenario,
    hosts: ReadonlyMap<string, SimHost>,
  ) {
    this.#clockwork = clockwork;
    this.#store = store;
    this.#scenario = scenario;
    this.#hosts = hosts;
    store.listen((written) => this.#onWrite(written));
  }

  onLocked(host: SimHost, worker: Worker): void {
    const { order, token } = worker;
    this.#clockwork.tell(
      () => `${host.id} is worked on: ${order.rollout}/${order.number}, token ${token}`,
    );
    const there = this.#working.get(host.id) ?? new Set();
    this.#working.set(host.id, there);
    there.add(worker);
    assert.ok(there.size === 1, `two are at work on ${host.id}`);
    assert.ok(
      token >= (this.#tokens.get(host.id) ?? 0),
      `${host.id} is worked on by somebody who was replaced`,
    );
    this.#tokens.set(host.id, token);
    const stored = this.#store.get("order", host.id)?.value;
    const isCurrent =
      stored?.rollout === order.rollout &&
      stored.number === order.number &&
      stored.status === "taken";
    assert.ok(
      isCurrent,
      `${host.id} is worked on for an order that is ${stored?.status ?? "not there"}`,
    );
    this.#checkLimits(order.rollout);
    this.#checkWave(host.id, order.rollout);
  }

  onUnlocked(host: SimHost, worker: Worker): void {
    this.#working.get(host.id)?.delete(worker);
  }

  #checkLimits(id: string): void {
    const plan = this.#planOf(id);
    const busy = [...this.#working].flatMap(([host, { size }]) => (size > 0 ? [host] : []));
    const own = busy.filter((host) => this.#store.get("order", host)?.value.rollout === id);
    const { atOnce, perLabel } = plan.rules.limits;
    assert.ok(own.length <= atOnce, `${own.join(", ")} are at work at once, and ${atOnce} may be`);
    for (const [label, limit] of Object.entries(perLabel)) {
      const counts = new Map<string, number>();
      for (const host of busy) {
        const value = this.#hosts.get(host)?.labels[label] ?? "";
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      for (const [value, count] of counts) {
        assert.ok(
          count <= limit,
          `${count} of ${label}=${value} are at work at once: ${busy.join(", ")}`,
        );
      }
    }
  }

  #checkWave(host: string, id: string): void {
    const wave = this.#planOf(id).waves.findIndex((hosts) => hosts.includes(host));
    const rollout = this.#store.get("rollout", id)?.value;
    assert.ok(
      rollout !== undefined && wave <= rollout.wave,
      `${host} of wave ${wave} before its gate`,
    );
  }

  #onWrite({ key, entry }: Written): void {
    this.#clockwork.tell(
      () => `store: ${key.kind}.${key.name} #${entry.revision} ${JSON.stringify(entry.value)}`,
    );
    if (key.kind !== "rollout") return;
    const { phase, wave } = entry.value as Rollout;
    const before = this.#phases.get(key.name);
    if (before?.phase === phase && before.wave === wave) return;
    this.#phases.set(key.name, { phase, wave, at: this.#clockwork.now });
    if (before?.phase === "queued" && phase === "working") this.#checkOverlap(key.name);
    const passes = before?.phase === "checking" && (phase === "done" || phase === "working");
    if (before !== undefined && passes) this.#checkGate(key.name, before.wave, before.at);
    const isSoaked = before?.phase === "soaking" && phase === "checking";
    const { soakMs } = this.#planOf(key.name).rules;
    // As long as its leader can tell by its own clock, which may run a third too fast here.
    if (isSoaked)
      assert.ok(this.#clockwork.now - before.at >= soakMs / 1.5, `${key.name} has not soaked`);
  }

  #checkOverlap(id: string): void {
    const { hosts } = this.#planOf(id);
    for (const other of this.#scenario.plans) {
      const rollout = this.#store.get("rollout", other.id)?.value;
      const isActive = rollout !== undefined && rollout.phase !== "queued" && !hasEnded(rollout);
      if (other.id === id || !isActive) continue;
      const shared = Object.keys(hosts).filter((host) => Object.hasOwn(other.hosts, host));
      assert.deepEqual(shared, [], `${id} and ${other.id} are under way for the same hosts`);
    }
  }

  /** Each host of all waves so far is as promised, or was since the gate began; but for those tolerated. */
  #checkGate(id: string, wave: number, since: number): void {
    const plan = this.#planOf(id);
    const hosts = plan.waves.slice(0, wave + 1).flat();
    const bad = hosts.filter((name) => {
      const host = this.#hosts.get(name);
      const to = plan.hosts[name]?.to ?? [];
      const isAsPromised =
        host !== undefined && sameStack(host.stack, to) && host.flaw !== "lies-when-asked";
      return !isAsPromised && (host?.changedAt ?? 0) < since;
    });
    const { tolerated, check } = plan.rules;
    assert.ok(
      bad.length <= tolerated,
      `the gate of wave ${wave} of ${id} is open, and ${bad.join(", ")} not as promised`,
    );
    const isChecked = check === undefined || this.passedChecks.has(`${id}/${wave}`);
    assert.ok(isChecked, `the gate of wave ${wave} of ${id} is open, and its check has not passed`);
    const busy = hosts.filter((host) => (this.#working.get(host)?.size ?? 0) > 0);
    assert.ok(
      busy.length <= tolerated,
      `the gate of wave ${wave} of ${id} is open, and ${busy.join(", ")} at work`,
    );
  }

  #planOf(id: string): RolloutPlan {
    return this.#scenario.plans.find((plan) => plan.id === id) ?? assert.fail(id);
  }
}
