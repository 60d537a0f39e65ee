import { setTimeout as sleep } from "node:timers/promises";
import { PlanError } from "../../plan/obstacle.ts";
import type { SyncReport } from "../../sync/report.ts";
import type { SyncOptions } from "../../sync/sync.ts";
import { losses, requireConsent, yesOption } from "../consent.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { quiesceOption, readActOptions } from "../options/action.ts";
import { goalOptions, wishOptions } from "../options/wish.ts";
import { permitPlan } from "../policy/permit-plan.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { type ReadSyncRequest, readSyncRequest, requestForHost } from "../sync-request.ts";
import { renderPlan, renderRefusal } from "../text/plan.ts";
import { commandThatContinues, renderStep, renderSync } from "../text/sync.ts";
import { withJournalledHost } from "../with-host.ts";

/** Between two looks at a hypervisor that still works on something. */
const PAUSE_MS = 100;

const wish = wishOptions({
  goalBesides: ["plan"],
  xenSyms: "the hypervisor's symbols, to play all steps on the model first",
});

export const syncCommand: TopCommand = {
  name: "sync",
  description: [
    'Takes exactly the steps that "xsplice plan" shows with the same options, and verifies the host after each step. With --xen-syms, it first plays all steps on the model. Before a replace, it probes whether the code of the host is what the payload expects.',
    "If a step fails, it restores the previous state of the host. Payloads that a replace removed before it failed are applied again at once. If there is no way back, it stops and reports what the host runs, and the command that continues.",
    "If a fix would be missing for a moment, data would be reset, or everything would be removed, it asks first, and without a terminal refuses unless you pass --yes. A plan from a file was agreed to by whoever passes it.",
    "After ^C, it finishes the current step. If it is killed, run the same command again: it continues from the state of the host.",
  ],
  arguments: [],
  options: [
    {
      name: "plan",
      value: "FILE",
      description: 'the output of "xsplice plan --json"; refused if the host has changed since',
      completes: "file",
      excludes: [
        ...goalOptions.map((option) => ({
          option,
          because: "the plan says already what the host should run",
        })),
        ...["allow-fresh-data", "allow-dangling", "gapless"].map((option) => ({
          option,
          because: "it counted when the plan was made",
        })),
      ],
    },
    ...wish,
    yesOption,
    quiesceOption,
  ],
  examples: [
    {
      command: "xsplice sync --to all-fixes.livepatch --xen-syms xen-syms",
      explains: "only this payload, in place of everything that is applied",
    },
    {
      command: "xsplice --host ssh:root@dom0 sync --revert fix2",
      explains: "remove fix2, keep all others",
    },
    { command: "xsplice sync --plan plan.json", explains: "exactly the steps that were reviewed" },
  ],
  kind: "own",
  run: async (call) => {
    return takeSync(call, await readSyncRequest(call));
  },
};

/**
 * Also for commands that know by themselves what a host should run.
 * @param continues the command that goes on after a stop
 */
export async function takeSync(
  call: CommandCall,
  request: ReadSyncRequest,
  continues = commandThatContinues(call, [...wish, yesOption]),
): Promise<number> {
  try {
    return await sync(call, request, continues);
  } catch (error) {
    if (!(error instanceof PlanError) || error.obstacles.length === 0) throw error;
    emit(call, "sync", { refused: error.obstacles }, () => renderRefusal(error.obstacles));
    return ExitCode.refused;
  }
}

function sync(call: CommandCall, request: ReadSyncRequest, continues: string): Promise<number> {
  const { stdout, stderr, signal } = call.io;
  return withJournalledHost(call, async (host, callOptions, { goal }) => {
    const { syncHost } = await import("../../sync/sync.ts");
    const told = new Set<string>();
    const { deadlineMs, quiesceMs } = readActOptions(call, callOptions);
    const options: SyncOptions = {
      deadlineMs,
      quiesceMs,
      signal,
      onPlan: async (plan, state) => {
        for (const note of await permitPlan(call, host, plan, request.files)) {
          options.onNote?.(note);
        }
        if (call.globals.output === "text") stdout.write(renderPlan(plan, state));
        await requireConsent(call, losses(plan, state));
      },
      onNote: (note) => {
        stderr.write(`Note: ${note}.\n`);
        told.add(note);
      },
      onStep: (event) => stderr.write(renderStep(event)),
      pause: (ms = PAUSE_MS) => sleep(ms),
    };
    const { onNote = () => {} } = options;
    const forHost = await requestForHost(request, host, { deadlineMs, signal, onNote });
    const report = await syncHost({ host, goal }, forHost, options);
    const untold = report.notes.filter((note) => !told.has(note));
    const { failure, ...rest } = report;
    const document = {
      ...rest,
      ...(failure && { error: failure }),
      ...(report.outcome !== "done" && { continues }),
    };
    emit(call, "sync", document, () => renderSync({ ...report, notes: untold }, continues));
    return exitCodes[report.outcome];
  });
}

const exitCodes: Readonly<Record<SyncReport["outcome"], number>> = {
  done: ExitCode.success,
  stopped: ExitCode.interrupted,
  returned: ExitCode.failure,
  astray: ExitCode.astray,
};
