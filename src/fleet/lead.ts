// What a leader does: every roll-out that has not ended moves on, and the ledger follows in one write.

import type { Check, Controller, ControllerStepped } from "./controller-state.ts";
import { decideRollout } from "./decide-rollout.ts";
import { admitRollout } from "./overlap.ts";
import { reconcileGrant } from "./reconcile.ts";
import { hasEnded, type Ledger, type Rollout } from "./records.ts";
import { entryOf, isOpen, put } from "./replica.ts";
import type { RolloutPlan } from "./rollout-plan.ts";
import { type RolloutView, sinceOf } from "./rollout-view.ts";
import type { Command, Entry, WorkItem } from "./store.ts";

interface Known {
  readonly plan: RolloutPlan;
  readonly rollout: Entry<Rollout>;
}

/** @param storeNow by the store's clock; @param now by ours */
export function leadRollouts(
  state: Controller,
  token: number,
  ledger: Ledger,
  storeNow: number,
  now: number,
): ControllerStepped {
  const { replica } = state;
  const all = knownRollouts(state);
  const commands: Command[] = [];
  const items: WorkItem[] = [];
  const checks = new Map(state.checks);
  const grants = new Map(Object.entries(ledger.grants));
  const isLedgerOpen = isOpen(replica, "ledger", "fleet");
  for (const { plan, rollout } of all) {
    const id = plan.id;
    const write = (next: Omit<Rollout, "token">) => put(replica, "rollout", id, { ...next, token });
    const isBusy = [...grants.values()].some((grant) => grant.rollout === id);
    if (hasEnded(rollout.value) && !isBusy && wantedOf(state, id) !== "take-back") continue;
    if (rollout.value.token < token) {
      commands.push(...write({ ...rollout.value, since: sinceOf(rollout) }));
      continue;
    }
    if (isOpen(replica, "rollout", id)) continue;
    for (const [host, grant] of grants) {
      if (grant.rollout !== id) continue;
      const heardAt = entryOf(replica, "order", host)?.storedAt ?? storeNow;
      const isSilent = storeNow > heardAt + plan.rules.silentMs;
      const made = reconcileGrant(host, grant, plan, rollout.value, replica, isSilent);
      commands.push(...made.commands);
      items.push(...made.wake.map((wake) => ({ kind: "order", ...wake }) as const));
      if (!isLedgerOpen) for (const free of made.release) grants.delete(free);
    }
    if (rollout.value.phase === "queued" && wantedOf(state, id) !== "abort") {
      commands.push(...admit(state, token, plan, rollout, all, commands).flatMap(write));
      continue;
    }
    // With what has just been given to other roll-outs: they share pools.
    const granted = { token, grants: Object.fromEntries(grants) };
    const view = viewOf(state, plan, rollout, granted, all, storeNow);
    const decision = decideRollout(view);
    if (decision.next !== undefined) commands.push(...write(decision.next));
    const since = sinceOf(rollout);
    items.push(...decision.look.map((host) => ({ kind: "look", host, asked: since }) as const));
    if (decision.startCheck) {
      checks.set(id, { since, state: "running" });
      commands.push({ kind: "check", rollout: id, wave: rollout.value.wave });
    }
    const { number } = decision;
    if (!isLedgerOpen) for (const host of decision.begin) grants.set(host, { rollout: id, number });
  }
  commands.push(...writeLedger(state, token, ledger, grants));
  const { sent, sends } = sendOnce(state, items, now);
  return { state: { ...state, checks, sent }, commands: [...commands, ...sends] };
}

function knownRollouts({ replica }: Controller): readonly Known[] {
  const known = [...replica.entries.rollout.keys()].flatMap((id) => {
    const plan = entryOf(replica, "plan", id);
    const rollout = entryOf(replica, "rollout", id);
    if (plan === undefined || rollout === undefined) return [];
    return [{ plan: plan.value, rollout, storedAt: plan.storedAt }];
  });
  return known.sort((one, other) => one.storedAt - other.storedAt);
}

/**
 * One after the other, and only when nothing is on its way that could let in another one: it may want the same
 * hosts. So all of them have to bear our token, which no former leader's write gets past.
 */
function admit(
  state: Controller,
  token: number,
  plan: RolloutPlan,
  { value: { wave } }: Entry<Rollout>,
  all: readonly Known[],
  commands: readonly Command[],
): readonly Omit<Rollout, "token">[] {
  const isSettled = all.every(({ plan: { id }, rollout: { value } }) => {
    return hasEnded(value) || (value.token === token && !isOpen(state.replica, "rollout", id));
  });
  if (!isSettled || commands.some(isOfRollout)) return [];
  const admission = admitRollout(plan, activePlans(all));
  const nothing = { wave, after: undefined, since: undefined };
  if (admission.kind === "starts") return [{ ...nothing, phase: "working", reason: undefined }];
  if (admission.kind === "queued") return [];
  const { behind, hosts } = admission;
  const reason = `${hosts.length} of its hosts belong to ${behind}, which has not ended: ${hosts.slice(0, 5).join(", ")}`;
  return [{ ...nothing, phase: "refused", reason }];
}

function isOfRollout(command: Command): boolean {
  return command.kind === "put" && command.key.kind === "rollout";
}

function activePlans(all: readonly Known[]): readonly RolloutPlan[] {
  const active = all.filter(
    ({ rollout: { value } }) => value.phase !== "queued" && !hasEnded(value),
  );
  return active.map(({ plan }) => plan);
}

function viewOf(
  state: Controller,
  plan: RolloutPlan,
  rollout: Entry<Rollout>,
  ledger: Ledger,
  all: readonly Known[],
  now: number,
): RolloutView {
  const { replica, checks } = state;
  const check = checks.get(plan.id);
  const othersAtWork = Object.entries(ledger.grants).flatMap(([id, grant]) => {
    if (grant.rollout === plan.id) return [];
    const other = all.find((known) => known.plan.id === grant.rollout);
    return [{ id, labels: other?.plan.hosts[id]?.labels ?? {} }];
  });
  // Its hosts belong to another one by now: it can be taken back when that has ended.
  const isTaken = admitRollout(plan, activePlans(all)).kind !== "starts";
  const isOfPhase = (made: Check | undefined) => made?.since === sinceOf(rollout);
  return {
    plan,
    rollout,
    ledger,
    replica,
    othersAtWork,
    now,
    wanted: hasEnded(rollout.value) && isTaken ? "run" : wantedOf(state, plan.id),
    check: isOfPhase(check) && check !== undefined ? check.state : "none",
  };
}

function wantedOf({ replica }: Controller, id: string): RolloutView["wanted"] {
  return entryOf(replica, "wanted", id)?.value.wanted ?? "run";
}

function writeLedger(
  { replica }: Controller,
  token: number,
  ledger: Ledger,
  grants: ReadonlyMap<string, Ledger["grants"][string]>,
): readonly Command[] {
  const before = Object.entries(ledger.grants);
  const isSame =
    before.length === grants.size && before.every(([host, grant]) => grants.get(host) === grant);
  if (isSame) return [];
  return put(replica, "ledger", "fleet", { token, grants: Object.fromEntries(grants) });
}

/** A message that had no effect is sent again after a while; the store says whether it had. */
function sendOnce(
  { sent, settings }: Controller,
  items: readonly WorkItem[],
  now: number,
): { readonly sent: Controller["sent"]; readonly sends: readonly Command[] } {
  if (items.length === 0) return { sent: sent.size === 0 ? sent : new Map(), sends: [] };
  // Those of which nobody speaks any more are forgotten.
  const next = new Map<string, number>();
  const sends: Command[] = [];
  for (const item of items) {
    const key =
      item.kind === "look"
        ? `${item.host}?${item.asked}`
        : `${item.host}/${item.rollout}/${item.number}`;
    const last = sent.get(key);
    const isDue = last === undefined || now >= last + settings.resendMs;
    if (isDue) sends.push({ kind: "send", item });
    next.set(key, isDue ? now : last);
  }
  return { sent: next, sends };
}
