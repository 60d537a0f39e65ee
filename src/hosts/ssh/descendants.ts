// Processes that a process has started, and those that they started. ssh leaves its ProxyCommand behind when
// it is killed, and a group of their own would keep ssh from asking for a password at the terminal.

import { readdirSync, readFileSync } from "node:fs";

/** Empty where /proc does not tell. */
export function descendantsOf(ancestor: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of namesIn("/proc")) {
    if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(name));
  }
  const found = new Set([ancestor]);
  // A parent may have a higher number than its child.
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(ancestor);
  return [...found];
}

export function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function parentOf(pid: string): number {
  try {
    // The name of the program, in parentheses, may have any characters.
    const [, parent = ""] =
      /^.*\) \S (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
    return Number(parent);
  } catch {
    return 0;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
