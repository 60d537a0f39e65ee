import { setTimeout as sleep } from "node:timers/promises";
import { PlanError } from "../../plan/obstacle.ts";
import type { SyncReport } from "../../sync/report.ts";
import type { SyncOptions, SyncRequest } from "../../sync/sync.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { quiesceOption, readActOptions } from "../options/action.ts";
import { goalOptions, wishOptions } from "../options/wish.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { readSyncRequest } from "../sync-request.ts";
import { renderPlan, renderRefusal } from "../text/plan.ts";
import { commandThatContinues, renderStep, renderSync } from "../text/sync.ts";
import { withJournalledHost } from "../with-host.ts";

/** Between two looks at a hypervisor that still works on something. */
const PAUSE_MS = 100;

const wish = wishOptions({
  goalBesides: ["plan"],
  xenSyms: "the hypervisor's symbols: all steps are tried on the model",
});

export const syncCommand: CommandSpec = {
  name: "sync",
  summary: "bring a host from what it runs to what it should run",
  description: [
    'Takes exactly the steps that "xsplice plan" shows with the same options, one after the other, and looks after each whether the host is as it should be. With --xen-syms all steps are played on the model first; before a replace the host is asked whether its code is what the payload expects.',
    "When a step fails, the host is brought back to what it was. What a replace took away that failed half-way is applied again at once. Where there is no way back, it stops and says what the host runs, and with which command to go on.",
    "After ^C the step that is under way is brought to its end. After any death the same command goes on where the host stands.",
  ],
  arguments: [],
  options: [
    {
      name: "plan",
      value: "FILE",
      description: 'what "xsplice plan --json" printed; refused when the host has changed since',
      completes: "file",
      excludes: goalOptions.map((option) => ({
        option,
        because: "the plan says already what the host should run",
      })),
    },
    ...wish,
    quiesceOption,
  ],
  examples: [
    {
      command: "xsplice sync --to all-fixes.livepatch --xen-syms xen-syms",
      explains: "only this payload, in place of all that is applied",
    },
    {
      command: "xsplice --host ssh:root@dom0 sync --revert fix2",
      explains: "without fix2, all others as they are",
    },
    { command: "xsplice sync --plan plan.json", explains: "the very steps that were looked at" },
  ],
  kind: "own",
  run: async (call) => {
    const request = await readSyncRequest(call);
    try {
      return await sync(call, request);
    } catch (error) {
      if (!(error instanceof PlanError) || error.obstacles.length === 0) throw error;
      emit(call, { refused: error.obstacles }, () => renderRefusal(error.obstacles));
      return ExitCode.refused;
    }
  },
};

function sync(call: CommandCall, request: SyncRequest): Promise<number> {
  const { stdout, stderr, signal } = call.io;
  return withJournalledHost(call, async (host, callOptions, goal) => {
    const { syncHost } = await import("../../sync/sync.ts");
    const { deadlineMs, quiesceMs } = readActOptions(call, callOptions);
    const options: SyncOptions = {
      deadlineMs,
      quiesceMs,
      signal,
      onPlan: (plan, state) => {
        if (call.globals.output === "text") stdout.write(renderPlan(plan, state));
      },
      onStep: (event) => stderr.write(renderStep(event)),
      pause: () => sleep(PAUSE_MS),
    };
    const report = await syncHost({ host, goal }, request, options);
    const continues = commandThatContinues(call, wish);
    const { failure, ...rest } = report;
    const document = {
      ...rest,
      ...(failure && { error: failure }),
      ...(report.outcome !== "done" && { continues }),
    };
    emit(call, document, () => renderSync(report, continues));
    return exitCodes[report.outcome];
  });
}

const exitCodes: Readonly<Record<SyncReport["outcome"], number>> = {
  done: ExitCode.success,
  stopped: ExitCode.interrupted,
  returned: ExitCode.failure,
  astray: ExitCode.astray,
};
