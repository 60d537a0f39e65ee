// A way into a running lab: one agent and one monitor, for one process at a time. QEMU serves one
// client per socket and lets others wait in silence, so a claim on a file tells which are free.

import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeOfSystemError } from "../system-state.ts";
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
  if (isStale(path)) removeStale(path);
  // Linked when it is written: a claim that another process finds is whole.
  const written = `${path}.${randomUUID()}`;
  writeFileSync(written, String(process.pid), { flag: "wx" });
  try {
    linkSync(written, path);
    return true;
  } catch (error) {
    if (codeOfSystemError(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(written, { force: true }); // The lab may just have been removed, with all in its folder.
  }
}

/**
 * Only one process at a time: of two that found the same claim stale, the slower one would remove
 * what a third has claimed meanwhile. A stale claim itself nobody else changes.
 */
function removeStale(path: string): void {
  const turn = `${path}.removing`;
  try {
    mkdirSync(turn);
  } catch (error) {
    if (codeOfSystemError(error) === "EEXIST") return;
    throw error;
  }
  try {
    if (isStale(path)) rmSync(path);
  } finally {
    rmdirSync(turn);
  }
}

/** A process that was killed could not give its claim back. */
function isStale(path: string): boolean {
  try {
    return !isAlive(Number(readFileSync(path, "utf8")));
  } catch (error) {
    if (codeOfSystemError(error) === "ENOENT") return false;
    throw error;
  }
}

export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process of that number: alive, though not ours.
    return codeOfSystemError(error) === "EPERM";
  }
}
