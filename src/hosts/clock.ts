// Time as a parameter, so that the waiting of act.ts can be tested without waiting.

import { setTimeout as wait } from "node:timers/promises";

export interface Clock {
  /** Milliseconds from an arbitrary start; never goes back. */
  now(): number;
  /** @throws the signal's reason when it is aborted meanwhile */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(milliseconds, signal) {
    signal?.throwIfAborted();
    try {
      await wait(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      signal?.throwIfAborted();
      throw cause;
    }
  },
};
