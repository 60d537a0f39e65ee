// Locks of the kernel (flock) on files. A lock lies on the opened file, which this process keeps
// open: it goes with the process, by whatever death, and not before. So a lock that is held says
// that its holder lives. A process id does not: each pid namespace, so each container, has its own.
//
// The program flock locks the descriptor that it is given, and ends. What it has locked stays so: it
// is the file that we have open.

import { type SpawnSyncOptions, spawn, spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { codeOfSystemError } from "../system-state.ts";
import { cannotLock, flockEnded, noFlock } from "./errors.ts";

/** Several may hold a "shared" one, while no process has it "exclusive". */
export type LockKind = "exclusive" | "shared";

export class FileLock implements Disposable {
  /** A child that inherits it holds the lock as well, as long as it runs. */
  readonly descriptor: number;
  #isHeld = true;

  /** Locks come from tryLock() and waitForLock(). */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  [Symbol.dispose](): void {
    if (this.#isHeld) closeSync(this.descriptor);
    this.#isHeld = false;
  }
}

/** Both read and write: over NFS a "shared" lock needs read, an "exclusive" lock write permission. */
const OPENED = { "made if need be": "a+", "if it is there": "r+" } as const;

export interface TryOptions {
  readonly kind?: LockKind;
  readonly file?: keyof typeof OPENED;
}

export interface WaitOptions extends TryOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * @returns `undefined` when another process holds it
 * @throws LockError; the system's error when the file cannot be opened, or no process can be started
 */
export function tryLock(
  path: string,
  { kind = "exclusive", file = "made if need be" }: TryOptions = {},
): FileLock | undefined {
  for (;;) {
    const lock = new FileLock(openSync(path, OPENED[file]));
    const outcome = judge(path, lock, runFlockNow(kind, lock));
    if (outcome === "taken") return undefined;
    if (outcome !== "moved") return outcome;
  }
}

/** @throws LockError; the system's error when the file cannot be opened; the reason of `signal` */
export async function waitForLock(
  path: string,
  { kind = "exclusive", file = "made if need be", signal }: WaitOptions = {},
): Promise<FileLock> {
  for (;;) {
    signal?.throwIfAborted();
    const lock = new FileLock(openSync(path, OPENED[file]));
    const outcome = judge(path, lock, await runFlock(kind, lock, signal));
    if (outcome instanceof FileLock) return outcome;
  }
}

/** Not in the terminal's process group: ^C goes to the caller, which decides. */
const ownGroup = { detached: true } as const;

interface Ended {
  readonly error: Error | undefined;
  readonly status: number | null;
  readonly said: string;
}

/** Closes the file unless it is locked now. @throws LockError */
function judge(path: string, lock: FileLock, ended: Ended): FileLock | "taken" | "moved" {
  const { error, status, said } = ended;
  if (status === 0 && isStillAt(path, lock)) return lock;
  lock[Symbol.dispose]();
  if (status === 0) return "moved";
  // Any other failure has its own message.
  if (status === 1 && said === "") return "taken";
  if (codeOfSystemError(error) === "ENOENT") throw noFlock(error);
  // It could not be started, for lack of memory or processes; or a signal ended it. Neither is a fault
  // of the file.
  if (error !== undefined) throw error;
  throw status === null ? flockEnded(path) : cannotLock(path, said);
}

/**
 * A process that removes a file which others lock holds its lock meanwhile. A waiting process has then
 * locked a file without a name, which does not exclude later ones.
 */
function isStillAt(path: string, { descriptor }: FileLock): boolean {
  const [there, held] = [statSync(path, { throwIfNoEntry: false }), fstatSync(descriptor)];
  return there !== undefined && there.ino === held.ino && there.dev === held.dev;
}

/** For a moment, while this process waits. */
function runFlockNow(kind: LockKind, lock: FileLock): Ended {
  const options: SpawnSyncOptions & typeof ownGroup = { stdio: stdioFor(lock), ...ownGroup };
  const { error, status, stderr } = spawnSync("flock", ["-n", ...wordsFor(kind)], options);
  return { error, status, said: String(stderr) };
}

async function runFlock(
  kind: LockKind,
  lock: FileLock,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  const child = spawn("flock", wordsFor(kind), { stdio: stdioFor(lock), ...ownGroup });
  const giveUp = (): void => void child.kill();
  signal?.addEventListener("abort", giveUp, { once: true });
  let [said, error]: [string, Error | undefined] = ["", undefined];
  child.stderr?.on("data", (text: Buffer) => {
    said += text.toString();
  });
  child.once("error", (reason) => {
    error = reason;
  });
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  signal?.removeEventListener("abort", giveUp);
  if (signal?.aborted) lock[Symbol.dispose]();
  signal?.throwIfAborted();
  return { error, status, said };
}

function wordsFor(kind: LockKind): readonly string[] {
  return [kind === "shared" ? "-s" : "-x", "3"];
}

/** The file is descriptor 3 there. */
function stdioFor({ descriptor }: FileLock): ["ignore", "ignore", "pipe", number] {
  return ["ignore", "ignore", "pipe", descriptor];
}
