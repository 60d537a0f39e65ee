import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { killStarted, newMark, unmarked } from "./mark.ts";

/** Runs a script that leaves the ids of what it starts in the file `$1`, one a line. */
async function started(t: TestContext, script: string, count: number) {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-mark-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const mark = newMark();
  const child = spawn("sh", ["-c", script, "sh", join(folder, "pids")], {
    env: mark.environment,
    stdio: "ignore",
  });
  t.after(() => child.kill("SIGKILL"));
  for (;;) {
    const pids = linesOf(join(folder, "pids")).map(Number);
    if (pids.length === count) return { child, mark, pids };
    await sleep(10);
  }
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}

async function isGone(pid: number): Promise<boolean> {
  for (let count = 0; count < 200; count++) {
    if (!/^State:\t[^XZ]/m.test(linesOf(`/proc/${pid}/status`).join("\n"))) return true;
    await sleep(10);
  }
  return false;
}

function ends(child: ChildProcess): Promise<unknown> {
  return child.exitCode === null && child.signalCode === null
    ? once(child, "exit")
    : Promise.resolve();
}

test("killStarted() ends children and their children, not the process itself", async (t) => {
  const script = 'sh -c "echo \\$\\$ >>$1; sleep 60 & echo \\$! >>$1; wait" & sleep 60';
  const { child, mark, pids } = await started(t, script, 2);
  killStarted(child.pid, mark);
  for (const pid of pids) assert.ok(await isGone(pid), `${pid}`);
  assert.equal(child.signalCode, null);
});

test("killStarted() ends a daemon, which has left group, session and parent", async (t) => {
  const daemon = 'setsid sh -c \'sleep 60 & echo $! >>"$1"; trap "" TERM HUP INT; wait\' sh "$1" &';
  const { child, mark, pids } = await started(t, `(${daemon})`, 1);
  await ends(child);
  killStarted(undefined, mark);
  for (const pid of pids) assert.ok(await isGone(pid), `${pid}`);
});

test("killStarted() ends one that hides its environment from its parent's number alone", async (t) => {
  const script = 'env -i sh -c "echo \\$\\$ >>$1; sleep 60" & wait';
  const { child, mark, pids } = await started(t, script, 1);
  killStarted(child.pid, mark);
  for (const pid of pids) assert.ok(await isGone(pid), `${pid}`);
});

test("killStarted() finds what one that was started has started with a mark of its own", async (t) => {
  const outer = newMark({ PATH: process.env["PATH"] });
  const inner = newMark(outer.environment);
  const child = spawn("sleep", ["60"], { env: inner.environment, stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  killStarted(undefined, outer);
  await ends(child);
  assert.equal(child.signalCode, "SIGKILL");
});

test("unmarked() lets a process outlive whoever started it", async (t) => {
  const mark = newMark();
  const child = spawn("sleep", ["60"], { env: unmarked(mark.environment), stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  killStarted(undefined, mark);
  await sleep(50);
  assert.equal(child.signalCode, null);
});
