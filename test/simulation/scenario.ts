// Where a simulation begins: a host on which somebody has applied payloads, and a wish that can be met.

import { observeHost } from "../../src/plan/observe.ts";
import { makePlan } from "../../src/plan/plan.ts";
import type { Wish } from "../../src/plan/wish.ts";
import { attemptSync, type Command } from "./attempt.ts";
import { type Family, families } from "./families.ts";
import { type Dice, Luck } from "./luck.ts";
import { Machine } from "./machine.ts";
import { journalled, ProcessHost } from "./process-host.ts";
import { strangerActs } from "./stranger.ts";

export interface Scenario {
  readonly machine: Machine;
  readonly family: Family;
  readonly command: Command;
  /** Wanted is what no host of this kind takes: sync must say so, and leave things as they were. */
  readonly isHopeless: boolean;
}

export async function makeScenario(below: Dice): Promise<Scenario> {
  const family = families[below(families.length)] ?? families[0];
  if (family === undefined) throw new Error("there is no family");
  const machine = new Machine();
  const luck = Luck.none(below);
  // Twice, so that something has been reverted, too.
  for (let count = 0; count < 2; count++) {
    const wish = await wishFor(machine, family, below);
    await attemptSync(machine, family, { wish, options: {} }, luck);
  }
  for (let bursts = below(3); bursts > 0; bursts--) {
    await strangerActs(machine, family.payloads, below);
  }
  machine.settle();
  const wish = await wishFor(machine, family, below);
  const wrong = family.payloads.filter(({ design }) => design.expects === "another-entry");
  const isHopeless =
    wish.kind === "apply-exactly" &&
    wish.payloads.some(({ name }) => wrong.some((payload) => payload.name === name));
  return { machine, family, command: { wish, options: {} }, isHopeless };
}

/** One that there is a plan for, from what the host is and from nothing. */
async function wishFor(machine: Machine, family: Family, below: Dice): Promise<Wish> {
  const { host } = journalled(
    new ProcessHost({
      machine,
      by: "planner",
      luck: Luck.none(below),
      onStranger: async () => {},
      onInterrupt: () => {},
    }),
  );
  const { state } = await observeHost(host, family.files, { deadlineMs: 60_000 });
  for (let tries = 0; tries < 10; tries++) {
    const wish = randomWish(state.stack.names, family, below);
    const fromNothing = { ...state, loaded: [], stack: nothing };
    const states = wish.kind === "revert" ? [state] : [state, fromNothing];
    const plans = states.map((from) => makePlan(from, wish, { files: family.files }));
    if (plans.every(({ kind }) => kind === "plan")) return wish;
  }
  return { kind: "apply-exactly", payloads: [] };
}

const nothing = { kind: "known", names: [], evidence: "no-choice" } as const;

function randomWish(applied: readonly string[], { files }: Family, below: Dice): Wish {
  if (applied.length > 1 && below(2) === 0) {
    const names = applied.filter(() => below(3) === 0);
    if (names.length > 0) return { kind: "revert", names };
  }
  const payloads = files.filter(() => below(3) === 0);
  return { kind: "apply-exactly", payloads };
}
