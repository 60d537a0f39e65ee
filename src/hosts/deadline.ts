// One deadline for a whole call, however many hypercalls, processes and pauses it takes.

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
   * Runs one step that may never answer. The signal that it gets is aborted when the deadline
   * passes or the caller gives up; `task` says what was going on, e.g. `list the payloads`.
   * @throws HostError host/timeout
   */
  limit<Value>(task: string, step: (signal: AbortSignal) => Promise<Value>): Promise<Value>;
}

/** Longer ones end at once: Node keeps them in 31 bits. */
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

/** Single answers that are under way when an action's time is up are still waited for. */
const LAST_ANSWER_MS = 2000;

/** For the steps of an action, whose own deadline says when no other step is begun. */
export function startStepDeadline(label: string, options: CallOptions, clock: Clock): Deadline {
  return startDeadline(
    label,
    { ...options, deadlineMs: options.deadlineMs + LAST_ANSWER_MS },
    clock,
  );
}

/** A transport may be deaf to its signal; the caller must not wait for it nevertheless. */
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
