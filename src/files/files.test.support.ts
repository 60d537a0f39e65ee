// Folders of a test's own, and processes that hold what another one asks for.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Ending {
  after(work: () => void): void;
}

export function emptyFolder(t: Ending): string {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-files-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Runs `script`, which imports what it needs by full address, until it is killed; comes back when it has
 * printed something. `before` stands in front of the program, as `unshare` does.
 */
export async function runUntilKilled(
  t: Ending,
  script: string,
  before: readonly string[] = [],
): Promise<ChildProcess> {
  const forEver = `${script}\nprocess.stdout.write("ready");\nsetInterval(() => {}, 1000);`;
  const words = [...before, process.execPath, "--input-type=module", "-e", forEver];
  const [program = "", ...args] = words;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

export async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

/** What claimFolder() has left whose process was killed. */
export function leaveAbandoned(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "claim.lock"), "");
  return folder;
}

/** In front of a program: it sees no process of ours, and its own has number 1. */
export const elsewhere = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"] as const;

/** For the option `skip` of a test. */
export function whyNotElsewhere(): string | false {
  const [program, ...flags] = elsewhere;
  if (spawnSync(program, [...flags, "true"]).status === 0) return false;
  return "this user may make no pid namespace (unshare --pid), which takes root";
}
