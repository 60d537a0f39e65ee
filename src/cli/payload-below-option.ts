// `--depends BELOW`: what a payload is to be stacked on.

import type { PayloadBelow } from "../builder/payload-below.ts";
import { parseHex } from "../bytes/hex.ts";
import { readPayload } from "./preflight.ts";

/** A build-id in hex, or a payload's file: then new code can use what that payload brought. */
export async function readBelow(text: string, signal: AbortSignal): Promise<PayloadBelow> {
  if (/^([0-9a-f]{2}){8,32}$/i.test(text)) {
    return { buildId: parseHex(text), symbolMap: undefined };
  }
  const { buildId, symbolMap } = (await readPayload(text, signal)).payload;
  return { buildId: parseHex(buildId), symbolMap };
}
