// One deadline for a whole call, for any number of hypercalls, processes and pauses.

import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { Clock } from "./clock.ts";

export interface Deadline {
  /** Milliseconds left; 0 when it has passed. */
  remaining(): number;
  elapsed(): number;
  /** @throws the signal's reason when it is aborted meanwhile */
  sleep(milliseconds: number): Promise<void>;
  /**
   * Runs one step that may never answer. Its signal is aborted when the deadline passes or the caller
   * gives up; `task` names the step in messages, e.g. `list the payloads`.
   * @throws HostError host/timeout
   */
  limit<Value>(task: string, step: (signal: AbortSignal) => Promise<Value>): Promise<Value>;
}

/** Node stores delays in 31 bits; longer ones would end at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** @param label of the host, for the message of a timeout */
export function startDeadline(label: string, options: CallOptions, clock: Clock): Deadline {
  const start = clock.now();
  const elapsed = (): number => clock.now() - start;
  const remaining = (): number => Math.max(0, options.deadlineMs - elapsed());
  return {
    remaining,
    elapsed,
    sleep: (milliseconds) => clock.sleep(Math.min(milliseconds, remaining()), options.signal),
    async limit(task, step) {
      options.signal?.throwIfAborted();
      const controller = new AbortController();
      const giveUp = (): void => controller.abort(options.signal?.reason);
      options.signal?.addEventListener("abort", giveUp, { once: true });
      const timer = setTimeout(
        () => controller.abort(noAnswer(label, task, options.deadlineMs)),
        Math.min(remaining(), TIMER_MAX_MS),
      );
      try {
        return await Promise.race([step(controller.signal), rejectionOf(controller.signal)]);
      } catch (error) {
        throw controller.signal.aborted ? controller.signal.reason : error;
      } finally {
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", giveUp);
      }
    },
  };
}

/** When an action's time is up, answers under way are still waited for this long. */
const LAST_ANSWER_MS = 2000;

/** For the steps of an action, which has its own deadline for starting steps. */
export function startStepDeadline(label: string, options: CallOptions, clock: Clock): Deadline {
  return startDeadline(
    label,
    { ...options, deadlineMs: options.deadlineMs + LAST_ANSWER_MS },
    clock,
  );
}

/** A transport may ignore its signal; the caller must not wait for it. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function noAnswer(label: string, task: string, deadlineMs: number): HostError {
  return new HostError({
    code: "host/timeout",
    problem: `Cannot ${task}: ${label} gave no answer within ${deadlineMs} ms`,
    remedy: "check that the host is alive, or allow more time",
  });
}
