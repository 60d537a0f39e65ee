// A lock of the kernel (flock) on a file of this machine, held by a child that lives as long as its
// standard input stays open: whoever dies, even by SIGKILL, lets go.

import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { HostError } from "../host/errors.ts";

/** What the holder runs: says so when it has the lock. */
export const HOLD_WORDS = ["sh", "-c", "echo held; exec cat >/dev/null"] as const;
/** flock(1) ends with it when somebody else has the lock; else with what it ran. */
export const LOCK_TAKEN = 75;

/**
 * @returns `undefined` when somebody else has it
 * @throws HostError host/unsupported where there is no flock(1), or no place for the file
 */
export async function holdLockFile(path: string): Promise<AsyncDisposable | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(() => undefined);
  const words = ["-n", "-E", String(LOCK_TAKEN), path, ...HOLD_WORDS];
  // Away from the terminal's ^C, which must not free it before the work has stopped.
  const holder = spawn("flock", words, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  holder.stdin.on("error", () => undefined);
  let said = "";
  holder.stderr.on("data", (text: Buffer) => {
    said += text.toString();
  });
  const ended = new Promise<void>((resolve) => holder.once("close", () => resolve()));
  const outcome = await new Promise<"held" | number>((resolve) => {
    holder.stdout.once("data", () => resolve("held"));
    holder.once("error", (error) => {
      said += error.message;
      resolve(-1);
    });
    holder.once("close", (code) => resolve(code ?? -1));
  });
  if (outcome === LOCK_TAKEN) return undefined;
  if (outcome !== "held") throw cannotLock(path, said);
  return {
    [Symbol.asyncDispose]: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}

export function cannotLock(path: string, said: string): HostError {
  return new HostError({
    code: "host/unsupported",
    problem: `Cannot keep others from working at the same time: ${path} cannot be locked`,
    ...(said.trim() === "" ? {} : { where: said.trim() }),
    expected: "the program flock (Debian: util-linux), and a folder that can be written to",
  });
}
