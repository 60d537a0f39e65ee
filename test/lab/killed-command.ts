// A command that opens a lab, met by a signal in one of its phases: nothing of it may be left, and ^C gives one
// word. Not a test.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Meeting {
  readonly signal: "SIGINT" | "SIGKILL";
  /** Of node. */
  readonly argv: readonly string[];
  /** The test's own, for the directory in which the labs lie. */
  readonly folder: string;
  /** The signal comes when the command has said this, on either output. */
  readonly word?: string;
  /** And when this holds; by default, when a lab starts. */
  readonly isTime?: () => boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export async function requireNothingLeft(meeting: Meeting): Promise<void> {
  const { signal, argv, folder, word = "", env } = meeting;
  const runtime = mkdtempSync(join(folder, "run-"));
  const labs = (): string[] => readdirSync(runtime, { recursive: true, encoding: "utf8" });
  const child = spawn(process.execPath, argv, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, XDG_RUNTIME_DIR: runtime, ...env },
  });
  let said = "";
  const hear = (text: unknown): void => {
    said += String(text);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = once(child, "close", { signal: AbortSignal.timeout(120_000) });
  const hasLab = (): boolean => labs().some((file) => file.endsWith("qemu.pid"));
  const { isTime = hasLab } = meeting;
  while (child.exitCode === null && !(said.includes(word) && isTime())) await sleep(1);
  assert.equal(child.exitCode, null, `it ended before "${word}": ${said}`);
  const before = said.length;
  child.kill(signal);
  await ended;
  assert.equal(child.exitCode, signal === "SIGINT" ? 130 : null, said);
  const words = said.slice(before);
  if (signal === "SIGINT") assert.match(words, /^Stopped\.\n$/m);
  assert.doesNotMatch(words, /\n {4}at |"code": "bug"/);
  const deadline = Date.now() + 30_000;
  while (labs().length > 0 && Date.now() < deadline) await sleep(20);
  assert.deepEqual(labs(), []);
}
