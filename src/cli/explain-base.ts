// Why Xen refused a payload that was made on top of another one, where that one is missing: Xen says only that
// a symbol is unknown, or that a build-id differs.

import { dirname } from "node:path";
import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { LivepatchHost } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import type { Payload } from "../payload/payload.ts";
import type { PayloadFacts } from "../plan/facts-form.ts";
import { Errno } from "../xen-abi/errno.ts";

export interface RefusedPayload {
  readonly name: string;
  /** When its file was given. */
  readonly payload?: Payload | undefined;
}

/** Of a directory: others are not looked at. */
const FILES_MAX = 200;
const refusals: readonly (number | undefined)[] = [Errno.ENOENT, Errno.EINVAL];

/** The same error with the base that is missing and where it is, or `error` itself. */
export async function explainMissingBase(
  error: unknown,
  host: LivepatchHost,
  options: CallOptions,
  refused: RefusedPayload,
): Promise<unknown> {
  if (!(error instanceof HostError) || !refusals.includes(error.errno)) return error;
  if (error.unexpectedCode !== undefined) return error;
  const missing = await findMissing(host, options, refused).catch((failure: unknown) => {
    if (failure instanceof HostError) return undefined; // The refusal is what counts.
    throw failure;
  });
  if (missing === undefined) return error;
  const { report, errno } = error;
  const [problem] = report.problem.split(": ");
  return new HostError(
    { code: report.code, problem: `${problem}: ${missing.problem}`, remedy: missing.remedy },
    { cause: error, ...(errno === undefined ? {} : { errno }) },
  );
}

interface Missing {
  readonly problem: string;
  readonly remedy: string;
}

async function findMissing(
  host: LivepatchHost,
  options: CallOptions,
  { name, payload }: RefusedPayload,
): Promise<Missing | undefined> {
  const { factsOfMetadata, factsOfPayload } = await import("../plan/facts.ts");
  const [{ buildId }, list] = await Promise.all([host.info(options), host.list(options)]);
  const loaded = list.map((one) => ({ ...one, id: factsOfMetadata(one.metadata).buildId }));
  const own = loaded.find((one) => one.name === name);
  const facts = payload === undefined ? factsOfMetadata(own?.metadata) : factsOfPayload(payload);
  for (const id of basesOf(facts, buildId)) {
    const base = loaded.find((one) => one.id === id);
    if (base !== undefined && settledState(base.status) === "applied") continue;
    if (base !== undefined) {
      return {
        problem: `it was made on top of "${base.name}", which is loaded and not applied`,
        remedy: `first "xsplice apply ${base.name}"`,
      };
    }
    // A payload of other tools does not say its build-id: it may be the one.
    if (loaded.some((one) => one !== own && one.id === undefined)) continue;
    const file = payload && (await fileOf(id, payload.source));
    return {
      problem: `it was made on top of the payload with build-id ${id}, which is not loaded`,
      remedy:
        file === undefined
          ? `load that one first: "xsplice inspect" shows the build-id of a file`
          : `first "xsplice load ${file}", which has this build-id`,
    };
  }
  return undefined;
}

/** Build-ids of payloads, not of the hypervisor. */
function basesOf(
  { requires = [], depends, xenDepends }: PayloadFacts,
  xenBuildId: string | undefined,
): readonly string[] {
  const isPayload = depends !== undefined && ![xenDepends, xenBuildId].includes(depends);
  return isPayload ? [...requires, depends] : requires;
}

/** Beside the payload, where those of one series usually are. */
async function fileOf(buildId: string, beside: string): Promise<string | undefined> {
  const { payloadsInFolder } = await import("./options/given-payloads.ts");
  const { readPayload } = await import("./preflight.ts");
  const files = await payloadsInFolder(dirname(beside)).catch(() => []);
  for (const file of files.slice(0, FILES_MAX)) {
    // What cannot be read is not the one.
    const found = await readPayload(file).catch(() => undefined);
    if (found?.payload.buildId === buildId) return file;
  }
  return undefined;
}
