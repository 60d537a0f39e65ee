// What a depot wishes for one hypervisor, and the payloads for it, as verified bytes.

import { parsePayload } from "../../payload/parse.ts";
import type { Payload } from "../../payload/payload.ts";
import { factsOfPayload } from "../../plan/facts.ts";
import type { GivenPayload } from "../../plan/piece.ts";
import { PAYLOAD_SIZE_MAX } from "../../xen-abi/limits.ts";
import { DepotError } from "../errors.ts";
import {
  type DepotWish,
  decodeWish,
  targetPath,
  WISH_FILE,
  WISH_SIZE_MAX,
  type WishedPayload,
} from "../form.ts";
import type { TrustedView } from "./trusted.ts";

export interface WishedFile extends GivenPayload {
  readonly bytes: Uint8Array;
  readonly payload: Payload;
}

/** @throws DepotError depot/no-wish when the channel has nothing for that hypervisor */
export async function readDepotWish(
  { place, read }: TrustedView,
  channel: string,
  xenBuildId: string,
): Promise<DepotWish> {
  const file = await read(targetPath(channel, xenBuildId, WISH_FILE), WISH_SIZE_MAX);
  if (file !== undefined) return decodeWish(file.bytes, { channel, xenBuildId });
  throw new DepotError({
    code: "depot/no-wish",
    problem: `Cannot find this hypervisor in channel ${channel} of the depot`,
    where: place,
    expected: `a wish for ${xenBuildId}, the build-id of the hypervisor that runs`,
    remedy: "look for another channel, or ask the depot's vendor for this build",
  });
}

/** @throws DepotError depot/not-trusted */
export function readWishedFiles(
  view: TrustedView,
  { channel, xenBuildId, payloads }: DepotWish,
): Promise<readonly WishedFile[]> {
  return Promise.all(
    payloads.map(async (wished) => {
      const path = targetPath(channel, xenBuildId, wished.file);
      const file = await view.read(path, PAYLOAD_SIZE_MAX);
      if (file === undefined) throw unfit(path, "no signed document names it");
      const source = `${view.place}: ${path}`;
      const payload = parsePayload(file.bytes, source);
      const facts = factsOfPayload(payload);
      requireFit(wished, { ...facts, sha256: file.sha256 }, path, xenBuildId);
      return { source, name: wished.name, facts, bytes: file.bytes, payload };
    }),
  );
}

/** The vendor's own mistake, or a key in the wrong hands: the name alone says nothing. */
function requireFit(
  wished: WishedPayload,
  found: {
    readonly buildId: string | undefined;
    readonly xenDepends: string | undefined;
    readonly sha256: string;
  },
  path: string,
  xenBuildId: string,
): void {
  if (found.sha256 !== wished.sha256 || found.buildId !== wished.buildId) {
    throw unfit(path, "it is another payload than the wish says");
  }
  if (found.xenDepends !== undefined && found.xenDepends !== xenBuildId) {
    throw unfit(path, `it is for hypervisor ${found.xenDepends}, and ${xenBuildId} runs`);
  }
}

function unfit(path: string, state: string): DepotError {
  return new DepotError({
    code: "depot/not-trusted",
    problem: `Cannot use "${path}" of the depot: ${state}`,
    expected: "the payload that the wish names, made for this hypervisor",
    remedy: "tell the depot's vendor: its own documents contradict each other",
  });
}
