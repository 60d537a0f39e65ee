// Faults happen.

import type { Fault } from "./faults.ts";
import type { Fleet } from "./fleet.ts";
import type { SimProcess } from "./sim-process.ts";

export function befall(fleet: Fleet, fault: Fault): void {
  const { clockwork } = fleet;
  clockwork.after(fault.atMs, () => {
    clockwork.tell(
      () => `FAULT ${fault.kind} for ${fault.forMs} ms, ${fault.target}/${fault.other}`,
    );
    strike(fleet, fault);
  });
}

function strike(fleet: Fleet, { kind, forMs, target, other }: Fault): void {
  const { clockwork, store, processes } = fleet;
  const process = pick(processes, target);
  const host = pick([...fleet.hosts.values()], target);
  switch (kind) {
    case "kill":
      process.kill(forMs);
      return;
    case "kill-at":
      fleet.deaths.set(process, { left: other % 40, when: other % 2 === 0 ? "before" : "behind" });
      return;
    case "pause-process":
      process.pausedUntil = clockwork.now + forMs;
      return;
    case "cut-off":
      process.isCutOff = true;
      clockwork.after(forMs, () => reconnect(process));
      return;
    case "slow":
      process.isSlow = true;
      clockwork.after(forMs, () => {
        process.isSlow = false;
      });
      return;
    case "cut-off-from-host": {
      const cut = `${process.name}/${host.id}`;
      fleet.cuts.add(cut);
      clockwork.after(forMs, () => fleet.cuts.delete(cut));
      return;
    }
    case "store-away":
      store.isAway = true;
      clockwork.after(forMs, () => {
        store.isAway = false;
        fleet.resync();
      });
      return;
    case "store-full":
      store.isFull = true;
      clockwork.after(forMs, () => {
        store.isFull = false;
      });
      return;
    case "reboot":
      host.reboot(host.xenBuildId);
      return;
    case "update":
      host.reboot("bb");
      return;
    case "gone":
    case "gone-for-good":
      host.isGone = true;
      host.isDisturbed = true;
      if (kind === "gone") {
        clockwork.after(forMs * 4, () => {
          host.isGone = false;
        });
      }
      return;
    case "pause":
    case "resume":
    case "abort":
    case "take-back":
      want(fleet, kind === "resume" ? "run" : kind, other);
      return;
  }
}

export function want(
  fleet: Fleet,
  wanted: "run" | "pause" | "abort" | "take-back",
  other: number,
): void {
  const { id } = pick(fleet.scenario.plans, other);
  const revision = fleet.store.get("wanted", id)?.revision ?? 0;
  fleet.store.put({ kind: "wanted", name: id }, { wanted }, revision);
}

function reconnect(process: SimProcess): void {
  process.isCutOff = false;
  process.resync();
}

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}
