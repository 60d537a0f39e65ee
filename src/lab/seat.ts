// A connection to a running lab: one agent and one monitor, for one process at a time. QEMU serves one
// client per socket and lets others wait without a message, so file locks show which are free.

import { join } from "node:path";
import { tryLock } from "../files/lock.ts";
import { LabError } from "./errors.ts";
import { SEATS } from "./machine.ts";

export interface Seat {
  readonly index: number;
  release(): void;
}

/** @throws LabError lab/busy; LockError; ENOENT when the lab has ended */
export function claimSeat(folder: string, label: string): Seat {
  for (let index = 0; index < SEATS; index++) {
    const lock = tryLock(join(folder, `seat-${index}`));
    if (lock !== undefined) return { index, release: () => lock[Symbol.dispose]() };
  }
  throw new LabError({
    code: "lab/busy",
    problem: `Cannot connect to ${label}: ${SEATS} other clients are using it`,
    remedy: "wait until one of them has ended",
  });
}
