// A way into a running lab: one agent and one monitor, for one process at a time. QEMU serves one
// client per socket and lets others wait in silence, so a claim on a file tells which are free.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "./errors.ts";
import { SEATS } from "./machine.ts";

export interface Seat {
  readonly index: number;
  release(): void;
}

/** @throws LabError lab/busy */
export function claimSeat(folder: string, label: string): Seat {
  for (let index = 0; index < SEATS; index++) {
    const path = join(folder, `seat-${index}`);
    if (claim(path)) return { index, release: () => rmSync(path, { force: true }) };
  }
  throw new LabError({
    code: "lab/busy",
    problem: `Cannot connect to ${label}: ${SEATS} other clients are using it`,
    remedy: "wait until one of them has ended",
  });
}

function claim(path: string): boolean {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return true;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      if (isHeld(path)) return false;
      rmSync(path, { force: true });
    }
  }
  return false;
}

/** A process that was killed could not give its claim back. */
function isHeld(path: string): boolean {
  try {
    return isAlive(Number(readFileSync(path, "utf8")));
  } catch {
    return false;
  }
}

export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process of that number: alive, though not ours.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
