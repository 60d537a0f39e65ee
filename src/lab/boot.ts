// Starts a machine: by a cold boot, or from a snapshot.

import { join } from "node:path";
import type { AgentClient } from "../agent/client.ts";
import { AgentError } from "../agent/errors.ts";
import type { OnProgress } from "../parts/progress.ts";
import { connectAgent, connectMonitor, type Seated } from "./connection.ts";
import { LabError } from "./errors.ts";
import { RunFile, SEATS } from "./machine.ts";
import { tooSlow, watchBoot } from "./start/boot-watch.ts";
import { type MachineStart, SupervisedMachine } from "./supervised-machine.ts";

/** A loaded machine may need several times the usual 8 s; the wait for a crashed one must end. */
const COLD_BOOT_MAX_MS = 180_000;
const RESTORE_MAX_MS = 30_000;
const POLL_MS = 2;

export interface RunningMachine {
  readonly supervised: SupervisedMachine;
  readonly seated: Seated;
  readonly agent: AgentClient;
}

export interface BootOptions {
  readonly label: string;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws LabError lab/boot-failed; AgentError when dom0 does not come up */
export async function coldBoot(start: MachineStart, options: BootOptions): Promise<RunningMachine> {
  return await bringUp(start, COLD_BOOT_MAX_MS, options, async () => undefined);
}

/** `state` is the file that saveMachine() wrote, `start.memory` "private-file". */
export async function restore(
  start: MachineStart,
  state: string,
  options: BootOptions,
): Promise<RunningMachine> {
  return await bringUp(start, RESTORE_MAX_MS, options, async ({ qmp }, stillWanted) => {
    await ignoreSharedMemory({ qmp });
    await qmp.execute("migrate-incoming", { uri: `exec:cat ${quoted(state)}` });
    await waitFor(stillWanted, async () => {
      const { status } = (await qmp.execute("query-status")) as { status: string };
      return status !== "inmigrate";
    });
    await qmp.execute("cont");
  });
}

/**
 * Writes everything but the memory, which already is in its file, to `state`. The machine stays
 * stopped. The seat's agent must be disconnected, because an answer under way would be lost.
 */
export async function saveMachine({ qmp }: Pick<Seated, "qmp">, state: string): Promise<void> {
  await qmp.execute("stop");
  await ignoreSharedMemory({ qmp });
  await qmp.execute("migrate", { uri: `exec:cat >${quoted(state)}` });
  await waitFor(
    () => undefined,
    async () => {
      const info = (await qmp.execute("query-migrate")) as {
        status: string;
        "error-desc"?: string;
      };
      if (info.status === "failed") {
        throw new LabError({
          code: "lab/boot-failed",
          problem: `Cannot take a snapshot: ${info["error-desc"] ?? "QEMU could not save its state"}`,
          where: state,
        });
      }
      return info.status === "completed";
    },
  );
}

/** All seats' agents answer: dom0 is up and idle. */
export async function waitForAgents(folder: string, options: BootOptions): Promise<void> {
  for (let seat = 0; seat < SEATS; seat++) {
    const agent = await connectAgent(folder, seat, {
      label: options.label,
      timeoutMs: RESTORE_MAX_MS,
      ...(options.signal && { signal: options.signal }),
    });
    await agent.close();
  }
}

async function bringUp(
  start: MachineStart,
  timeoutMs: number,
  { label, signal, onProgress = () => {} }: BootOptions,
  load: (seated: Seated, stillWanted: () => void) => Promise<void>,
): Promise<RunningMachine> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const supervised = SupervisedMachine.start(start);
  const consolePath = join(supervised.folder, RunFile.console);
  using watch = watchBoot({ consolePath, label, onProgress });
  const cancelled = AbortSignal.any([deadline, watch.trouble, ...(signal ? [signal] : [])]);
  const stillWanted = (): void => {
    cancelled.throwIfAborted();
    supervised.requireRunning();
  };
  const ended = new AbortController();
  let seated: Seated | undefined;
  try {
    seated = await connectMonitor(supervised.folder, label, stillWanted);
    seated.qmp.closed.then(() => ended.abort());
    await load(seated, stillWanted);
    const agent = await connectAgent(supervised.folder, seated.seat.index, {
      label,
      timeoutMs,
      signal: AbortSignal.any([cancelled, ended.signal]),
    });
    return { supervised, seated, agent };
  } catch (error) {
    // Without a monitor QEMU ended at once: its own message says more than the connection error.
    const lost = seated === undefined || ended.signal.aborted || error instanceof AgentError;
    const why = lost && !cancelled.aborted ? await supervised.endReport(error) : error;
    const slow = deadline.aborted ? tooSlow(label, consolePath, timeoutMs) : undefined;
    await supervised.stop();
    signal?.throwIfAborted();
    watch.trouble.throwIfAborted();
    throw slow ?? why;
  }
}

/** The stream contains only what is not in the memory file. */
async function ignoreSharedMemory({ qmp }: Pick<Seated, "qmp">): Promise<void> {
  await qmp.execute("migrate-set-capabilities", {
    capabilities: [{ capability: "x-ignore-shared", state: true }],
  });
}

async function waitFor(stillWanted: () => void, isDone: () => Promise<boolean>): Promise<void> {
  for (;;) {
    stillWanted();
    if (await isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
