import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runCheck } from "./bisect-check.ts";

const quiet = { environment: {}, onOutput: undefined };
const env = { PATH: process.env["PATH"] };
const never = new AbortController().signal;

test("runCheck() gives the exit code and the last words of both outputs", async () => {
  const command = 'echo "$XSPLICE_BISECT_PREFIX $PLACE"; echo bad >&2; exit 3';
  const chunks: string[] = [];
  const result = await runCheck(
    {
      command,
      environment: { XSPLICE_BISECT_PREFIX: "5" },
      onOutput: (chunk) => void chunks.push(String(chunk)),
    },
    { env: { ...env, PLACE: "here" }, signal: never },
  );
  assert.equal(result.exitCode, 3);
  assert.deepEqual(result.output.split("\n").sort(), ["5 here", "bad"]);
  assert.deepEqual(chunks.sort(), ["5 here\n", "bad\n"]);
});

test("runCheck() keeps the end of long words, and takes a command that is none for a bad one", async () => {
  const io = { env, signal: never };
  const long = await runCheck({ ...quiet, command: "seq 1 5000" }, io);
  assert.equal(long.exitCode, 0);
  assert.ok(long.output.endsWith("4999\n5000") && long.output.length <= 400);
  const none = await runCheck({ ...quiet, command: "no-such-program-here" }, io);
  assert.equal(none.exitCode, 127);
  assert.match(none.output, /no-such-program-here.*not found/);
});

test("runCheck() tells that a signal ended the check, and does not wait for what it left running", async () => {
  const io = { env, signal: never };
  const killed = await runCheck({ ...quiet, command: "kill -9 $$" }, io);
  assert.equal(killed.exitCode, undefined);
  // The one in the background keeps the output open.
  const left = await runCheck({ ...quiet, command: "sleep 600 & echo $!" }, io);
  assert.equal(left.exitCode, 0);
  process.kill(Number(left.output));
});

test("runCheck() ends the check at a signal, with all that it has started", async () => {
  const controller = new AbortController();
  const words: string[] = [];
  const running = runCheck(
    {
      command: "trap '' TERM; sleep 600 & echo $!; wait; wait",
      environment: {},
      onOutput: (chunk) => {
        words.push(String(chunk));
        controller.abort(new Error("^C"));
      },
    },
    { env, signal: controller.signal },
  );
  await once(controller.signal, "abort");
  assert.notEqual((await running).exitCode, 0);
  const sleeper = Number(words.join(""));
  assert.ok(sleeper > 1);
  // Its end is no wait of ours, and a zombie has only not been buried yet.
  const deadline = Date.now() + 20_000;
  while (isRunning(sleeper) && Date.now() < deadline) await sleep(20);
  assert.ok(!isRunning(sleeper));
});

function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
