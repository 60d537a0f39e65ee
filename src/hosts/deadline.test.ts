import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../host/errors.ts";
import { systemClock } from "./clock.ts";
import { startDeadline } from "./deadline.ts";

const never = new Promise<never>(() => undefined);

test("Deadline.limit() gives up on a step that is deaf to its signal", async () => {
  const deadline = startDeadline("dom0", { deadlineMs: 20 }, systemClock);
  let told: AbortSignal | undefined;
  const attempt = deadline.limit("list the payloads", (signal) => {
    told = signal;
    return never;
  });
  await assert.rejects(attempt, (error: unknown) => {
    assert.ok(error instanceof HostError);
    assert.equal(error.report.code, "host/timeout");
    assert.equal(
      error.report.problem,
      "Cannot list the payloads: dom0 gave no answer within 20 ms",
    );
    return true;
  });
  assert.equal(told?.aborted, true);
  // Timers of Node may ring a fraction of a millisecond early.
  assert.ok(deadline.remaining() < 2);
});

test("Deadline.limit() throws the caller's own reason when the caller gives up", async () => {
  const controller = new AbortController();
  const options = { deadlineMs: 60_000, signal: controller.signal };
  const deadline = startDeadline("dom0", options, systemClock);
  const attempt = deadline.limit("wait", () => never);
  const reason = new Error("stopped by hand");
  controller.abort(reason);
  await assert.rejects(attempt, reason);
  await assert.rejects(deadline.sleep(1000), reason);
  await assert.rejects(
    deadline.limit("go on", async () => 1),
    reason,
  );
});

test("Deadline.limit() passes on what the step gives or throws", async () => {
  const deadline = startDeadline("dom0", { deadlineMs: 60_000 }, systemClock);
  assert.equal(await deadline.limit("count", async () => 7), 7);
  const failure = new Error("no");
  await assert.rejects(
    deadline.limit("count", () => Promise.reject(failure)),
    failure,
  );
});

test("Deadline.limit() waits when the time is longer than a timer of Node", async () => {
  const deadline = startDeadline("dom0", { deadlineMs: 40 * 24 * 3600 * 1000 }, systemClock);
  const later = () => new Promise<string>((resolve) => setTimeout(() => resolve("late"), 20));
  assert.equal(await deadline.limit("wait", later), "late");
});
