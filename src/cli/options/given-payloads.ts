// Payload files in the form that the planner takes.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  checkPayloadForHost,
  type HostFacts as PayloadHost,
} from "../../payload/check-for-host.ts";
import type { Payload } from "../../payload/payload.ts";
import type { GivenPayload } from "../../plan/piece.ts";
import type { Plan } from "../../plan/plan-form.ts";
import { systemStateOf } from "../../system-state.ts";
import { readPayload } from "../preflight.ts";
import { InputFileError } from "../read-input-file.ts";
import { checkPayloadName, payloadNameOf } from "./payload-name.ts";

export interface GivenFile extends GivenPayload {
  readonly bytes: Uint8Array;
  readonly payload: Payload;
}

/** @throws InputFileError, PayloadError, ElfError; HostError for a name that no host takes */
async function readGivenPayload(path: string, signal: AbortSignal): Promise<GivenFile> {
  const name = payloadNameOf(path);
  checkPayloadName(name);
  const [{ payload, bytes }, { factsOfPayload }] = await Promise.all([
    readPayload(path, signal),
    import("../../plan/facts.ts"),
  ]);
  return { source: path, name, facts: factsOfPayload(payload), bytes, payload };
}

/** In the order given. */
export function readGivenPayloads(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly GivenFile[]> {
  return Promise.all(paths.map((path) => readGivenPayload(path, signal)));
}

/** Every `*.livepatch` in the directory, by name. @throws InputFileError */
export async function payloadsInFolder(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    const payloads = names.filter((name) => name.endsWith(".livepatch"));
    return payloads.sort().map((name) => join(folder, name));
  } catch (cause) {
    throw new InputFileError(
      {
        code: "file/unreadable",
        problem: `Cannot read the directory "${folder}": ${systemStateOf(cause)}`,
        expected: "a directory with payloads, *.livepatch",
      },
      { cause },
    );
  }
}

/** @throws PayloadError when the host's release would refuse one, or be harmed by it */
export function checkUploads(
  plan: Plan,
  files: readonly GivenFile[],
  info: PayloadHost["info"],
): void {
  for (const { action, name, buildId } of plan.steps) {
    const file = files.find(({ facts }) => facts.buildId === buildId);
    if (action !== "upload" || file === undefined) continue;
    // The plan itself handles what is loaded at that time.
    checkPayloadForHost(file.payload, { name, info, loaded: [] });
  }
}
