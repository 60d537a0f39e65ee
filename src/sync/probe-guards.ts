// Before a replace: checks that the host's code is what the new payload expects. Xen compares only
// after it has reverted all others, and cannot undo that.

import type { ActOptions, LivepatchHost } from "../host/host.ts";
import type { PlanStep } from "../plan/plan-form.ts";
import { askBeforeReplace } from "../probe/before-replace.ts";
import { SyncError } from "./errors.ts";
import { findFile, type SyncFile } from "./sync-file.ts";

/**
 * @returns sentences about what could not be probed
 * @throws SyncError sync/guard-differs; ProbeError, HostError, PayloadError
 */
export async function probeGuards(
  host: LivepatchHost,
  steps: readonly PlanStep[],
  files: readonly SyncFile[],
  options: Omit<ActOptions, "dependencyCheck">,
): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const { action, name, buildId } of steps) {
    if (action !== "replace") continue;
    const file = findFile(files, buildId);
    if (file === undefined) {
      notes.push(
        `the guard of "${name}" was not tested before the replace: its file was not given`,
      );
      continue;
    }
    const note = await probeOne(host, name, file, options);
    if (note !== undefined) notes.push(note);
  }
  return notes;
}

async function probeOne(
  host: LivepatchHost,
  name: string,
  { payload }: SyncFile,
  options: Omit<ActOptions, "dependencyCheck">,
): Promise<string | undefined> {
  const found = await askBeforeReplace(host, payload, options);
  switch (found.kind) {
    case "as-expected":
      return undefined;
    case "unknown":
      return `the guard of "${name}" was not tested before the replace: ${found.reason}`;
    case "different":
      throw new SyncError({
        code: "sync/guard-differs",
        problem: `Cannot replace what is applied by "${name}": the hypervisor's code is not what it expects`,
        ...(found.words === "" ? {} : { where: found.words }),
        expected: "the code that it was built for; the host was not changed",
        remedy: "find out what changed it, or build it again for the code that runs there",
      });
  }
}
