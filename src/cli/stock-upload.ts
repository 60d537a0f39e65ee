// Uploading in the words of xen-livepatch, with our checks before anything is sent.

import type { CallOptions } from "../host/call-options.ts";
import type { LivepatchHost } from "../host/host.ts";
import { checkForHost, type PayloadFile } from "./preflight.ts";
import type { StockVoice } from "./text/stock-voice.ts";

export interface UploadStep {
  readonly name: string;
  readonly payload: PayloadFile;
  readonly options: CallOptions;
}

/** @throws PayloadError before anything is sent, HostError from the host */
export function uploadAsStock(
  host: LivepatchHost,
  { name, payload, options }: UploadStep,
  voice: StockVoice,
): Promise<void> {
  return voice.saying(`Uploading ${payload.payload.source}... `, async () => {
    await checkForHost(host, { name, payload }, options);
    await host.upload(name, payload.bytes, options);
  });
}
