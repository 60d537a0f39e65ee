// Labs that outlive the command that started them: start, find, connect, end.

import {
  existsSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectAgent, connectMonitor } from "./connection.ts";
import { findCrash } from "./crash-watch.ts";
import { crashError, LabError } from "./errors.ts";
import { Lab, type LabInfo, labelOf } from "./lab.ts";
import { type LabFile, readLabFile } from "./lab-file.ts";
import { RunFile } from "./machine.ts";
import type { OpenLabOptions } from "./open-lab.ts";
import { listRunFolders } from "./run-folder.ts";
import { isAlive } from "./seat.ts";

const CONNECT_MAX_MS = 30_000;
const END_MAX_MS = 5_000;
const START_MAX_MS = 10_000;

export interface ListedLab extends LabFile {
  /** "ended": its QEMU is gone, its console can still be read. */
  readonly state: "running" | "ended";
}

/** Starts a lab that runs until endLab(). */
export async function startDetachedLab(options: OpenLabOptions = {}): Promise<LabInfo> {
  // Half of this folder, which those who only connect need not wait for.
  const { startLab } = await import("./open-lab.ts");
  const { info, running } = await startLab(options, "detached");
  await running.agent.close();
  running.seated.qmp.close();
  running.seated.seat.release();
  // Only now: a start that fails, is stopped or killed leaves nothing that nobody knows of.
  await running.supervised.detach();
  return info;
}

/** All labs of this user, those that tests own included. */
export function listLabs(): ListedLab[] {
  return listRunFolders().flatMap((folder) => {
    const file = readLabFile(folder);
    if (file === undefined) return [];
    return [{ ...file, state: isRunning(folder) ? "running" : "ended" } as const];
  });
}

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** For an answer of its QEMU, then of its dom0; 30 s without it. */
  readonly timeoutMs?: number;
}

/**
 * A client of a running lab; closing it leaves the lab as it is. Without a name, the only one.
 * @throws LabError lab/unknown, lab/busy, lab/crashed, lab/no-answer; AgentError agent/no-answer
 */
export async function connectLab(
  name: string | undefined,
  options: ConnectOptions = {},
): Promise<Lab> {
  const isRunning = (lab: ListedLab): boolean => lab.state === "running";
  const { info } = requireLab(name, isRunning);
  try {
    return await connectTo(info, options);
  } catch (error) {
    if (!existsSync(info.folder)) requireLab(name, isRunning); // It was ended meanwhile.
    throw error;
  }
}

async function connectTo(info: LabInfo, options: ConnectOptions): Promise<Lab> {
  const label = labelOf(info);
  const crash = findCrash(join(info.folder, RunFile.console));
  if (crash) throw crashError(label, crash);
  const { signal, timeoutMs = CONNECT_MAX_MS } = options;
  const end = performance.now() + timeoutMs;
  const seated = await connectMonitor(info.folder, label, () => {
    signal?.throwIfAborted();
    if (performance.now() > end) throw silent(label, timeoutMs);
  });
  try {
    const agent = await connectAgent(info.folder, seated.seat.index, {
      label,
      timeoutMs,
      ...(signal && { signal }),
    });
    return new Lab({ info, seated, agent, stop: async () => undefined, hangAfterMs: undefined });
  } catch (error) {
    seated.qmp.close();
    seated.seat.release();
    throw error;
  }
}

function silent(label: string, timeoutMs: number): LabError {
  return new LabError({
    code: "lab/no-answer",
    problem: `Cannot connect to ${label}: its QEMU gave no answer within ${timeoutMs} ms`,
    remedy: "see whether it was stopped, or end it with xsplice lab down",
  });
}

/**
 * Ends a lab, whoever owns it, and removes its run folder.
 * @throws LabError lab/unknown
 */
export async function endLab(name: string | undefined): Promise<LabInfo> {
  const { info } = requireLab(name, () => true);
  await endFolder(info.folder);
  return info;
}

/**
 * Removes what killed processes could not: run folders whose QEMU is gone, or whose owner is.
 * Gives the number of folders.
 */
export async function removeDeadLabs(): Promise<number> {
  const dead = listRunFolders().filter((folder) => !isRunning(folder) && !isStarting(folder));
  for (const folder of dead) await endFolder(folder);
  return dead.length;
}

/** The console of a lab, running or ended. @throws LabError lab/unknown */
export function consoleOfLab(name: string | undefined): string {
  const { info } = requireLab(name, () => true);
  const files = ["boot-console.log", "console.log"].map((file) => join(info.folder, file));
  return files.map((file) => (existsSync(file) ? readFileSync(file, "latin1") : "")).join("");
}

async function endFolder(folder: string): Promise<void> {
  const pid = qemuPid(folder);
  if (pid !== undefined && isQemuOf(folder, pid)) process.kill(pid, "SIGKILL");
  // The supervisor writes its last file when QEMU has ended, then it is done with the folder.
  const isDone = (): boolean => !isRunning(folder) && existsSync(join(folder, "exit-status"));
  const deadline = Date.now() + END_MAX_MS;
  while (existsSync(folder) && !isDone() && Date.now() < deadline) await sleep(5);
  // That of an owned lab removes the folder at the same time.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  try {
    rmdirSync(dirname(folder));
  } catch {
    // Other labs are still in it.
  }
}

function isRunning(folder: string): boolean {
  const pid = qemuPid(folder);
  return pid !== undefined && isAlive(pid) && isQemuOf(folder, pid);
}

/** Between the making of the folder and the first word of its supervisor. */
function isStarting(folder: string): boolean {
  const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return qemuPid(folder) === undefined && age < START_MAX_MS;
}

function qemuPid(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, "qemu.pid"), "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

/** Process ids are used again: this one counts only while it works in the lab's folder. */
function isQemuOf(folder: string, pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("virtio-serial-pci") && sameFolder(pid, folder);
  } catch {
    return false;
  }
}

function sameFolder(pid: number, folder: string): boolean {
  return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
}

function requireLab(name: string | undefined, wanted: (lab: ListedLab) => boolean): ListedLab {
  const labs = listLabs().filter(wanted);
  const detached = labs.filter(({ lifetime }) => lifetime === "detached");
  const found = name === undefined ? detached : labs.filter(({ info }) => info.name === name);
  const [lab, another] = found;
  if (lab && !another) return lab;
  const names = labs.map(({ info }) => info.name).join(", ");
  throw new LabError({
    code: "lab/unknown",
    problem:
      name === undefined
        ? `Cannot choose a lab: ${detached.length === 0 ? "none is up" : "several are up"}`
        : `Cannot find lab "${name}": no lab of this name is up`,
    ...(names === "" ? {} : { expected: `one of ${names}` }),
    remedy: detached.length === 0 ? "start one: xsplice lab up" : "name the one that you mean",
  });
}
