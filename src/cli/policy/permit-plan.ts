// Asks the policy about all that a plan uploads, before its first step; and about what its way back would need.

import { HostError } from "../../host/errors.ts";
import type { LivepatchHost } from "../../host/host.ts";
import type { Plan } from "../../plan/plan-form.ts";
import { findFile, type SyncFile } from "../../sync/sync-file.ts";
import type { CommandCall } from "../spec.ts";
import type { Upload } from "./guarded-host.ts";
import { policingOf } from "./policing.ts";

/**
 * @returns sentences about what could not be put back
 * @throws HostError host/policy; DepotError depot/bad-policy
 */
export async function permitPlan(
  call: CommandCall,
  host: LivepatchHost,
  { steps }: Plan,
  files: readonly SyncFile[],
): Promise<readonly string[]> {
  const { permit } = policingOf(call);
  const options = { deadlineMs: call.globals.deadlineMs, signal: call.io.signal };
  const uploadsOf = (action: "upload" | "unload"): readonly Upload[] =>
    steps.flatMap((step) => {
      const file = step.action === action ? findFile(files, step.buildId) : undefined;
      return file === undefined ? [] : { name: step.name, bytes: file.bytes };
    });
  await permit(host, uploadsOf("upload"), options);
  const notes: string[] = [];
  for (const file of uploadsOf("unload")) {
    try {
      await permit(host, [file], options);
    } catch (error) {
      if (!(error instanceof HostError) || error.report.code !== "host/policy") throw error;
      notes.push(
        `"${file.name}" is not signed as the policy demands: if a later step fails, it is not put back`,
      );
    }
  }
  return notes;
}
