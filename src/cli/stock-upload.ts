// Uploading in the words of xen-livepatch, with our checks before anything is sent.

import type { CallOptions } from "../host/call-options.ts";
import type { LivepatchHost } from "../host/host.ts";
import { explainMissingBase } from "./explain-base.ts";
import { checkForHost, type PayloadFile } from "./preflight.ts";
import type { StockVoice } from "./text/stock-voice.ts";

export interface UploadStep {
  readonly name: string;
  readonly payload: PayloadFile;
  readonly options: CallOptions;
}

/** @throws PayloadError before anything is sent, HostError from the host */
export async function uploadAsStock(
  host: LivepatchHost,
  { name, payload, options }: UploadStep,
  voice: StockVoice,
): Promise<void> {
  // What we refuse ourselves is not told in the stock tool's words: nothing was uploaded.
  await checkForHost(host, { name, payload }, options);
  await voice.saying(`Uploading ${payload.payload.source}... `, async () => {
    try {
      await host.upload(name, payload.bytes, options);
    } catch (error) {
      throw await explainMissingBase(error, host, options, { name, payload: payload.payload });
    }
  });
}
