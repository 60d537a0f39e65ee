// Whoever reads what sync says, and does what it advises, when the same command alone leads nowhere.

import { HostError } from "../../src/host/errors.ts";
import type { PlanError } from "../../src/plan/obstacle.ts";
import type { Attempt, Command } from "./attempt.ts";
import { Luck } from "./luck.ts";
import type { Machine } from "./machine.ts";
import { journalled, ProcessHost } from "./process-host.ts";

/** @returns the next command, which may be the same one */
export async function followAdvice(
  machine: Machine,
  command: Command,
  { end }: Attempt,
): Promise<Command> {
  if (end.kind === "refused") {
    const { report } = end.error;
    switch (report.code as PlanError["report"]["code"]) {
      case "plan/unknown":
        await revertSome(machine, machine.model.applied);
        break;
      case "plan/one-way":
        return { ...command, options: { freshData: "allow" } };
      case "plan/missing-link":
        return withoutUsers(command, report.problem);
      case "plan/not-loaded":
        return withoutUnloaded(machine, command);
    }
  }
  if (end.kind === "reported") {
    const [, first] = /revert "([^"]*)" first/.exec(end.report.failure?.remedy ?? "") ?? [];
    if (first !== undefined) await revertSome(machine, [first]);
  }
  return command;
}

/** "try xsplice revert NAME of each; Xen refuses, with nothing changed, whatever is not on top" */
async function revertSome(machine: Machine, names: readonly string[]): Promise<void> {
  const { host } = journalled(
    new ProcessHost({
      machine,
      by: "stranger",
      luck: Luck.none(() => 0),
      onStranger: async () => {},
      onInterrupt: () => {},
    }),
  );
  const options = { deadlineMs: 60_000, quiesceMs: 30, dependencyCheck: "whole-chain" } as const;
  for (const name of names) {
    try {
      await host.act("revert", name, options);
      return;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
  }
}

function withoutUnloaded({ model }: Machine, command: Command): Command {
  const { wish } = command;
  if (wish.kind !== "revert") return command;
  const names = wish.names.filter((name) => model.payload(name) !== undefined);
  return { ...command, wish: { ...wish, names } };
}

/** What sits on what should go must go, too. */
function withoutUsers(command: Command, problem: string): Command {
  const { wish } = command;
  const [, user] = /^Cannot apply "([^"]*)"/.exec(problem) ?? [];
  if (wish.kind !== "revert" || user === undefined) return command;
  return { ...command, wish: { ...wish, names: [...wish.names, user] } };
}
