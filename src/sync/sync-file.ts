// A payload with its bytes, for uploading it the first time or restoring it.

import type { Payload } from "../payload/payload.ts";
import type { GivenPayload } from "../plan/piece.ts";

export interface SyncFile extends GivenPayload {
  readonly bytes: Uint8Array;
  readonly payload: Payload;
}

export function findFile(
  files: readonly SyncFile[],
  buildId: string | undefined,
): SyncFile | undefined {
  if (buildId === undefined) return undefined;
  return files.find(({ facts }) => facts.buildId === buildId);
}
