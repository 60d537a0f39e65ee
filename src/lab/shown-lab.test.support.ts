// A lab as other processes see it, without one: a run folder of its name, and what lab.json in it
// says. No QEMU runs, and nobody holds the folder.

import { mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { writeLabFile } from "./lab-file.ts";
import type { LabInfo } from "./lab-info.ts";

/** The plainest lab that there is. */
export function plainLabInfo(name: string, folder: string): LabInfo {
  return {
    name,
    xen: "4.17",
    cpus: 1,
    memoryMb: 512,
    userland: "minimal",
    startedFrom: "snapshot",
    folder,
  };
}

/** Below `runtime`, which XDG_RUNTIME_DIR names. @returns the lab's run folder */
export function showLab(runtime: string, name: string): string {
  const folder = join(runtime, `xsplice-${userInfo().uid}`, `lab-${name}`);
  mkdirSync(folder, { recursive: true });
  writeLabFile(plainLabInfo(name, folder), "detached");
  return folder;
}

/** For this process and those that it starts, until the tests of the file are over. */
export function useRuntimeFolder(t: { after(work: () => void): void }, runtime: string): void {
  const before = process.env["XDG_RUNTIME_DIR"];
  process.env["XDG_RUNTIME_DIR"] = runtime;
  t.after(() => {
    if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
    else process.env["XDG_RUNTIME_DIR"] = before;
  });
}
