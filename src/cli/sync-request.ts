// What `sync` is asked for: a wish, or a plan that was made earlier.

import type { CallOptions } from "../host/call-options.ts";
import type { LivepatchHost } from "../host/host.ts";
import { PlanError } from "../plan/obstacle.ts";
import { decodePlan, requireSealed } from "../plan/plan-json.ts";
import type { SyncRequest } from "../sync/sync.ts";
import type { SyncFile } from "../sync/sync-file.ts";
import { type GivenFile, readGivenPayloads } from "./options/given-payloads.ts";
import { type ReadWish, readWish, wishForHost } from "./options/wish.ts";
import { InputFileError, readInputFile } from "./read-input-file.ts";
import { readXenSymsFile } from "./read-xen-syms-file.ts";
import type { CommandCall } from "./spec.ts";

export type ReadSyncRequest = SyncRequest & Pick<ReadWish, "fromFolder">;

/** A plan names what it changes; with a hundred payloads of a hundred functions it has some MB. */
const PLAN_SIZE_MAX = 64 * 1024 * 1024;

/** @throws UsageError, PlanError, errors of the files */
export async function readSyncRequest(call: CommandCall): Promise<ReadSyncRequest> {
  const hypervisor = await readHypervisor(call);
  const planPath = call.options.text("plan");
  if (planPath === undefined) {
    const { wish, files, options, fromFolder } = await readWish(call);
    const { files: _, ...others } = options;
    const goal = { kind: "wish", wish, options: others } as const;
    return { goal, files: await withPayloads(files), hypervisor, fromFolder };
  }
  const { signal } = call.io;
  const bytes = await readInputFile(planPath, {
    sizeMax: PLAN_SIZE_MAX,
    reason: "far more than a plan has",
    signal,
  });
  const plan = decodePlan(new TextDecoder().decode(bytes), planPath);
  const sources = plan.steps.flatMap(({ source }) => source ?? []);
  const given = await readGivenPayloads(call.options.texts("payload"), signal);
  const uploaded = await readSources(planPath, [...new Set(sources)], signal);
  requireSealed(plan, uploaded);
  const files = [...uploaded, ...given];
  const goal = { kind: "plan", plan } as const;
  return { goal, files: await withPayloads(files), hypervisor, fromFolder: [] };
}

/** Without what a directory has for other hypervisors, of which `onNote` is told. */
export async function requestForHost(
  { fromFolder, ...request }: ReadSyncRequest,
  host: LivepatchHost,
  { onNote, ...options }: CallOptions & { readonly onNote: (note: string) => void },
): Promise<SyncRequest> {
  const { goal } = request;
  if (goal.kind !== "wish" || fromFolder.length === 0) return request;
  const { buildId } = await host.info(options);
  const { wish, passedOver } = wishForHost({ wish: goal.wish, fromFolder }, buildId);
  for (const note of passedOver) onNote(note);
  return { ...request, goal: { ...goal, wish } };
}

/** @throws PlanError plan/bad-file when one is not there; errors of the files */
async function readSources(
  planPath: string,
  sources: readonly string[],
  signal: AbortSignal,
): Promise<readonly GivenFile[]> {
  try {
    return await readGivenPayloads(sources, signal);
  } catch (cause) {
    if (!(cause instanceof InputFileError) || cause.report.code !== "file/missing") throw cause;
    throw new PlanError({
      code: "plan/bad-file",
      problem: `Cannot follow the plan "${planPath}": a payload that it names is not there`,
      where: cause.report.problem,
      expected: "the files that were given to plan, by the same names",
      remedy: "run it in the directory in which the plan was made, or make a new plan",
    });
  }
}

async function withPayloads(files: readonly GivenFile[]): Promise<readonly SyncFile[]> {
  const { parsePayload } = await import("../payload/parse.ts");
  return files.map((file) => ({ ...file, payload: parsePayload(file.bytes, file.source) }));
}

async function readHypervisor({ options, io }: CommandCall): Promise<SyncRequest["hypervisor"]> {
  const path = options.text("xen-syms");
  if (path === undefined) return undefined;
  const { openHypervisor } = await import("../xen-model/hypervisor.ts");
  return openHypervisor(await readXenSymsFile(path, io.signal), path);
}
