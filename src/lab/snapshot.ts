// Booted machines, stored on disk. A snapshot is three files: the guest's memory, all other state of
// QEMU, and the console output. It only fits the machine that it was made of: its name is a digest of
// QEMU, devices, CPUs, memory, kernel, initrd, hypervisor and images, so a change of any of them gives
// another snapshot.

import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { removeDamaged } from "../files/make-whole.ts";
import { emptyCache } from "../parts/lock.ts";
import { runProcess } from "../parts/run-process.ts";
import { type BootOptions, coldBoot, saveMachine, waitForAgents } from "./boot.ts";
import { digestOf } from "./digest.ts";
import { type Machine, RunFile } from "./machine.ts";
import { madeOnce } from "./made-once.ts";
import type { LabSources } from "./sources.ts";

/** Increase it when the contents of a snapshot, or the boot before it, change. */
const FORMAT = 1;

const MB = 1024 * 1024;

/** Of each kind of lab; older ones only accumulate as the cache's parts change. */
const KEPT_PER_KIND = 2;

export interface Snapshot {
  readonly memory: string;
  readonly state: string;
  readonly console: string;
}

const SNAPSHOTS = "snapshots";

function homeOf(kind: string, sources: LabSources): string {
  return join(SNAPSHOTS, kind, digestOf(FORMAT, sources.identity));
}

export function findSnapshot(
  cache: string,
  kind: string,
  sources: LabSources,
): Snapshot | undefined {
  const folder = join(cache, homeOf(kind, sources));
  if (!existsSync(folder)) return undefined;
  if (!isWhole(filesOf(folder), sources.machine)) {
    removeDamaged(folder);
    return undefined;
  }
  const now = new Date();
  utimesSync(folder, now, now); // When it was last used, for prune().
  return filesOf(folder);
}

/**
 * Boots such a machine and stores it. `kind` is a directory's name: snapshots of one kind replace each
 * other.
 */
export async function takeSnapshot(
  cache: string,
  kind: string,
  sources: LabSources,
  options: BootOptions,
): Promise<Snapshot> {
  const home = homeOf(kind, sources);
  const make = async (folder: string): Promise<void> => {
    mkdirSync(folder);
    await bootAndSave(filesOf(folder), sources, options);
  };
  const folder = await madeOnce(cache, home, make, options.signal);
  prune(join(cache, SNAPSHOTS, kind));
  return filesOf(folder);
}

/** @throws PartsError parts/in-use while a lab runs or starts */
export function removeSnapshots(cache: string): void {
  emptyCache(cache, (name) => name === SNAPSHOTS);
}

export function removeSnapshot(snapshot: Snapshot): void {
  removeDamaged(dirname(snapshot.memory));
}

/** Only a restore can verify the contents; but a power cut or a full disk usually shows here. */
function isWhole({ memory, state, console }: Snapshot, { memoryMb }: Machine): boolean {
  const [memorySize, ...others] = [memory, state, console].map(
    (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
  );
  return memorySize === memoryMb * MB && others.every((size) => size > 0);
}

async function bootAndSave(
  snapshot: Snapshot,
  sources: LabSources,
  options: BootOptions,
): Promise<void> {
  const whole = `${snapshot.memory}.whole`;
  createEmpty(whole, sources.machine.memoryMb * MB);
  const { qemu, machine, files } = sources;
  const running = await coldBoot(
    {
      qemu,
      machine,
      memory: "shared-file",
      files: { ...files, memory: whole, bootConsole: undefined },
    },
    options,
  );
  const { supervised, agent, seated } = running;
  try {
    await agent.close();
    await waitForAgents(supervised.folder, options);
    await saveMachine(seated, snapshot.state);
    await seated.qmp.execute("quit").catch(() => undefined); // It may end before it answers.
    await supervised.endReport();
    copyFileSync(join(supervised.folder, RunFile.console), snapshot.console);
  } finally {
    await supervised.stop();
  }
  await copySparse(whole, snapshot.memory);
  rmSync(whole, { force: true }); // Renamed, where cp could not do it.
}

/** Most of the memory was never written, or zeroed, and needs no disk space. */
async function copySparse(source: string, target: string): Promise<void> {
  const { exitCode } = await runProcess(["cp", "--sparse=always", source, target]);
  if (exitCode !== 0) renameSync(source, target);
}

function createEmpty(path: string, size: number): void {
  const file = openSync(path, "wx");
  ftruncateSync(file, size);
  closeSync(file);
}

function filesOf(folder: string): Snapshot {
  return {
    memory: join(folder, "memory"),
    state: join(folder, "state"),
    console: join(folder, "console"),
  };
}

/** Running labs are not affected: their memory file exists until they close it. */
function prune(kindFolder: string): void {
  const snapshots = readdirSync(kindFolder)
    .filter((name) => !name.startsWith("."))
    .map((name) => join(kindFolder, name))
    .sort((a, b) => lastUse(b) - lastUse(a));
  // Atomic for all others: a start from a half removed snapshot would fail late.
  for (const old of snapshots.slice(KEPT_PER_KIND)) removeDamaged(old);
}

/** Another process may have removed it. */
function lastUse(snapshot: string): number {
  return statSync(snapshot, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
