// One run of `sync` on the machine, to its end or its death, with all that it said.

import { XspliceError } from "../../src/error.ts";
import type { PlanOptions } from "../../src/plan/plan.ts";
import type { Wish } from "../../src/plan/wish.ts";
import type { SyncReport } from "../../src/sync/report.ts";
import { syncHost } from "../../src/sync/sync.ts";
import type { StepEvent } from "../../src/sync/take-steps.ts";
import { Killed } from "../sync/sync-host.ts";
import type { Family } from "./families.ts";
import type { Luck } from "./luck.ts";
import type { Change, Machine } from "./machine.ts";
import { journalled, ProcessHost } from "./process-host.ts";
import { describeEnd } from "./story.ts";
import { strangerActs } from "./stranger.ts";

export interface Command {
  readonly wish: Wish;
  readonly options: Omit<PlanOptions, "files">;
}

export type AttemptEnd =
  | { readonly kind: "killed" }
  /** By ^C, before the first step. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "refused"; readonly error: XspliceError }
  | { readonly kind: "reported"; readonly report: SyncReport };

export interface Attempt {
  /** As the machine knows it. */
  readonly by: string;
  readonly end: AttemptEnd;
  /** Steps that were told as they began. */
  readonly told: readonly StepEvent[];
  /** What became of the host meanwhile, whoever did it. */
  readonly changes: readonly Change[];
  readonly rebooted: boolean;
  readonly appliedBefore: readonly string[];
  readonly appliedAfter: readonly string[];
  /** When all that was still under way has come to its end. */
  readonly appliedLater: readonly string[];
  readonly leftLocked: boolean;
}

export async function attemptSync(
  machine: Machine,
  family: Family,
  command: Command,
  luck: Luck,
): Promise<Attempt> {
  const by = machine.nextProcess("sync");
  const told: StepEvent[] = [];
  const interrupt = new AbortController();
  const host = new ProcessHost({
    machine,
    by,
    luck,
    onStranger: () => strangerActs(machine, family.payloads, luck.below),
    onInterrupt: () => interrupt.abort(new Error("^C")),
  });
  const { boot, changes } = machine;
  const countBefore = changes.length;
  const appliedBefore = machine.model.applied;
  const end = await endOf(interrupt.signal, () => {
    const goal = { kind: "wish", ...command } as const;
    const request = { goal, files: family.files, hypervisor: undefined };
    return syncHost(journalled(host), request, {
      deadlineMs: 60_000,
      quiesceMs: 30,
      signal: interrupt.signal,
      onPlan: () => {},
      onStep: (event) => {
        if (event.phase === "begins") told.push(event);
      },
      pause: () => machine.sleep(100),
    });
  });
  machine.story.push(`${by}: ${describeEnd(end)}`);
  return {
    by,
    end,
    told,
    changes: changes.slice(countBefore),
    rebooted: machine.boot !== boot,
    appliedBefore,
    appliedAfter: machine.model.applied,
    appliedLater: machine.appliedLater(),
    leftLocked: machine.lockedBy === host,
  };
}

async function endOf(signal: AbortSignal, run: () => Promise<SyncReport>): Promise<AttemptEnd> {
  try {
    return { kind: "reported", report: await run() };
  } catch (error) {
    if (error instanceof Killed) return { kind: "killed" };
    if (signal.aborted && error === signal.reason) return { kind: "interrupted" };
    if (error instanceof XspliceError) return { kind: "refused", error };
    throw error;
  }
}
