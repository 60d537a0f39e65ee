// One sync or bisection of a host at a time.

import { HostError } from "../host/errors.ts";
import type { LivepatchHost } from "../host/host.ts";
import { SyncError } from "./errors.ts";
import type { StepOptions } from "./take-steps.ts";

/** A lock whose holder was just killed is released within a moment. */
const ATTEMPTS_MAX = 20;

export interface Locked {
  readonly release: () => Promise<void>;
  /** Sentences: why no lock is possible. Changes by others would be noticed nevertheless. */
  readonly notes: readonly string[];
}

/** @throws SyncError sync/busy; HostError when the host does not answer */
export async function lockHost(
  host: LivepatchHost,
  { deadlineMs, pause }: Pick<StepOptions, "deadlineMs" | "pause">,
): Promise<Locked> {
  try {
    for (let attempt = 1; ; attempt++) {
      if (host.lock === undefined) return { release: async () => {}, notes: [] };
      const lock = await host.lock({ deadlineMs });
      if (lock !== undefined)
        return { release: async () => lock[Symbol.asyncDispose](), notes: [] };
      if (attempt === ATTEMPTS_MAX) throw busy(host);
      await pause();
    }
  } catch (error) {
    const isUnsupported = error instanceof HostError && error.report.code === "host/unsupported";
    if (!isUnsupported) throw error;
    const { problem, where } = error.report;
    const why = where === undefined || problem.includes("flock is missing") ? "" : ` (${where})`;
    return { release: async () => {}, notes: [`${problem}${why}`] };
  }
}

function busy({ label }: LivepatchHost): SyncError {
  return new SyncError({
    code: "sync/busy",
    problem: `Cannot begin with ${label}: another sync or bisect of it is running`,
    remedy: "wait for it to end; if it was killed, its lock is free already",
  });
}
