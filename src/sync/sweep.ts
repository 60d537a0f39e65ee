// Removes probes. A probe that was killed leaves its payload on the host. It changes nothing there, but
// prevents reverts.

import { HostError } from "../host/errors.ts";
import type { ActOptions, ListedPayload, LivepatchHost } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import { PROBE_NAME_PREFIX } from "../probe/probe.ts";

/** @returns a sentence for each probe that cannot be removed */
export async function sweepProbes(
  host: LivepatchHost,
  list: readonly ListedPayload[],
  { deadlineMs, quiesceMs }: Pick<ActOptions, "deadlineMs" | "quiesceMs">,
): Promise<readonly string[]> {
  const options = { deadlineMs, quiesceMs, dependencyCheck: "whole-chain" } as const;
  const notes: string[] = [];
  for (const { name, status } of list) {
    if (!name.startsWith(PROBE_NAME_PREFIX)) continue;
    try {
      if (settledState(status) === "applied") await host.act("revert", name, options);
      await host.act("unload", name, options);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      notes.push(`"${name}", which a probe left behind, stays: ${error.report.problem}`);
    }
  }
  return notes;
}
