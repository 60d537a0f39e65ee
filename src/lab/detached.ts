// Labs that outlive the command that started them: starting, finding, connecting, ending.

import { existsSync, readFileSync, readlinkSync, realpathSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type KeptFolder, type Removed, removeClaimable } from "../files/claimed-folder.ts";
import { connectAgent, connectMonitor } from "./connection.ts";
import { findCrash } from "./crash-watch.ts";
import { crashError, LabError } from "./errors.ts";
import { Lab } from "./lab.ts";
import { type LabFile, readLabFile } from "./lab-file.ts";
import { type LabInfo, labelOf } from "./lab-info.ts";
import { RunFile } from "./machine.ts";
import type { OpenLabOptions } from "./open-lab.ts";
import { listRunFolders } from "./run-folder.ts";
import { stateOfRun } from "./run-state.ts";

const CONNECT_MAX_MS = 30_000;
const END_MAX_MS = 30_000;

export interface ListedLab extends LabFile {
  /**
   * "crashed": its QEMU runs, and its console shows that the hypervisor or dom0 does not. "ended": its QEMU
   * has ended, its console can still be read. "unknown": its directory does not show the state, which only
   * another release or program can cause.
   */
  readonly state: "running" | "crashed" | "ended" | "unknown";
}

/** Starts a lab that runs until endLab(). */
export async function startDetachedLab(options: OpenLabOptions = {}): Promise<LabInfo> {
  // Loaded on demand: half of this directory, which is not needed to connect.
  const { startLab } = await import("./open-lab.ts");
  const { info, running } = await startLab(options, "detached");
  await running.agent.close();
  running.seated.qmp.close();
  running.seated.seat.release();
  // Only now: a start that fails, is stopped or killed leaves no unowned lab behind.
  await running.supervised.detach();
  return info;
}

/** All labs of this user, including those owned by tests; or those of one name. */
export async function listLabs(name?: string): Promise<ListedLab[]> {
  const labs: ListedLab[] = [];
  for (const folder of listRunFolders()) {
    const file = readLabFile(folder);
    // Whether one runs is asked of its lock, by a process.
    if (file === undefined || (name !== undefined && file.info.name !== name)) continue;
    const { kind } = await stateOfRun(folder);
    labs.push({ ...file, state: kind === "running" && hasCrashed(folder) ? "crashed" : kind });
  }
  return labs;
}

function hasCrashed(folder: string): boolean {
  const console = join(folder, RunFile.console);
  return existsSync(console) && findCrash(console) !== undefined;
}

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** Time limit for an answer of its QEMU, then of its dom0; 30 s by default. */
  readonly timeoutMs?: number;
}

/**
 * A client of a running lab; closing it does not stop the lab. Without a name, the only running lab.
 * @throws LabError lab/unknown, lab/busy, lab/crashed, lab/no-answer; AgentError agent/no-answer
 */
export async function connectLab(
  name: string | undefined,
  options: ConnectOptions = {},
): Promise<Lab> {
  const isRunning = (lab: ListedLab): boolean => lab.state !== "ended";
  const { info } = await requireLab(name, isRunning);
  try {
    return await connectTo(info, options);
  } catch (error) {
    if (!existsSync(info.folder)) await requireLab(name, isRunning); // It was ended meanwhile.
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
    if (performance.now() > end) throw silent("connect to", info, timeoutMs);
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

const whenSilent = {
  "connect to": "see whether it was stopped, or end it with xsplice lab down",
  end: "see whether it was stopped, then try again",
} as const;

function silent(
  task: keyof typeof whenSilent,
  info: LabInfo,
  timeoutMs: number = END_MAX_MS,
): LabError {
  return new LabError({
    code: "lab/no-answer",
    problem: `Cannot ${task} ${labelOf(info)}: its QEMU gave no answer within ${timeoutMs} ms`,
    remedy: whenSilent[task],
  });
}

/**
 * Ends a lab, including one of another owner, and removes its run directory.
 * @throws LabError lab/unknown, lab/no-answer
 */
export async function endLab(name: string | undefined): Promise<LabInfo> {
  const { info, state } = await requireLab(name, () => true);
  if (state !== "ended") await endMachine(info);
  removeRunFolder(info.folder);
  return info;
}

/** Removes what killed processes left behind: run directories whose QEMU has ended. */
export async function removeDeadLabs(): Promise<Removed> {
  let count = 0;
  const kept: KeptFolder[] = [];
  for (const folder of listRunFolders()) {
    const state = await stateOfRun(folder);
    if (state.kind === "unknown") kept.push({ path: folder, because: state.because });
    if (state.kind !== "ended") continue;
    removeRunFolder(folder);
    count++;
  }
  return { count, kept };
}

/** The console of a lab, running or ended. @throws LabError lab/unknown */
export async function consoleOfLab(name: string | undefined): Promise<string> {
  const { info } = await requireLab(name, () => true);
  const files = ["boot-console.log", "console.log"].map((file) => join(info.folder, file));
  return files.map((file) => (existsSync(file) ? readFileSync(file, "latin1") : "")).join("");
}

/** @throws LabError lab/no-answer when it keeps running */
async function endMachine(info: LabInfo): Promise<void> {
  const { folder } = info;
  const deadline = Date.now() + END_MAX_MS;
  const hasTime = (): boolean => Date.now() < deadline;
  const pid = qemuPid(folder);
  if (pid !== undefined && isQemuOf(folder, pid)) process.kill(pid, "SIGKILL");
  else await quit(info, hasTime);
  // The supervisor writes its last file when QEMU has ended, and then does not use the directory any
  // more.
  const isDone = (): boolean => !existsSync(folder) || existsSync(join(folder, RunFile.exitStatus));
  while (!isDone() && hasTime()) await sleep(5);
  if (!isDone() && (await stateOfRun(folder)).kind !== "ended") throw silent("end", info);
}

/** Through its monitor: from another container its process id is not visible. */
async function quit(info: LabInfo, hasTime: () => boolean): Promise<void> {
  const { qmp, seat } = await connectMonitor(info.folder, labelOf(info), () => {
    if (!hasTime()) throw silent("end", info);
  });
  await qmp.execute("quit").catch(() => undefined); // It may end before it answers.
  qmp.close();
  seat.release();
}

function removeRunFolder(folder: string): void {
  // The supervisor of an owned lab may remove it at the same time.
  removeClaimable(folder);
  try {
    rmdirSync(dirname(folder));
  } catch {
    // Other labs are still in it.
  }
}

function qemuPid(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, "qemu.pid"), "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

/** Process ids are reused: this one counts only if its working directory is the lab's. */
function isQemuOf(folder: string, pid: number): boolean {
  try {
    // In another pid namespace, whose ids differ.
    if (readlinkSync("/proc/self") !== String(process.pid)) return false;
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("virtio-serial-pci") && sameFolder(pid, folder);
  } catch {
    return false;
  }
}

function sameFolder(pid: number, folder: string): boolean {
  return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
}

async function requireLab(
  name: string | undefined,
  wanted: (lab: ListedLab) => boolean,
): Promise<ListedLab> {
  const isDetached = ({ lifetime }: ListedLab): boolean => lifetime === "detached";
  const found = (await listLabs(name)).filter(wanted);
  const [lab, another] = name === undefined ? found.filter(isDetached) : found;
  if (lab && !another) return lab;
  const labs = (await listLabs()).filter(wanted);
  const detached = labs.filter(isDetached);
  // Those of running commands end with them: nobody means one of them who names none.
  const meant = name === undefined ? detached : labs;
  const names = meant.map(({ info }) => info.name).join(", ");
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
