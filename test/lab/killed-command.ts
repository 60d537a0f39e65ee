// A command that opens a lab, met by a signal while the lab starts: nothing of it may be left.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * `argv` is run by node; `folder` is the test's own, for the directory in which the labs lie. The signal
 * comes when a lab starts; with `word`, when one has started and the command has said that.
 */
export async function requireNothingLeft(
  signal: "SIGINT" | "SIGKILL",
  argv: readonly string[],
  folder: string,
  word = "",
): Promise<void> {
  const runtime = mkdtempSync(join(folder, "run-"));
  const labs = (): string[] => readdirSync(runtime, { recursive: true, encoding: "utf8" });
  const child = spawn(process.execPath, argv, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, XDG_RUNTIME_DIR: runtime },
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said += String(text);
  });
  const ended = once(child, "close", { signal: AbortSignal.timeout(60_000) });
  const isTime = (): boolean =>
    said.includes(word) && labs().some((file) => file.endsWith("qemu.pid"));
  while (child.exitCode === null && !isTime()) await sleep(1);
  child.kill(signal);
  await ended;
  assert.equal(child.exitCode, signal === "SIGINT" ? 130 : null);
  const deadline = Date.now() + 30_000;
  while (labs().length > 0 && Date.now() < deadline) await sleep(20);
  assert.deepEqual(labs(), []);
}
