// What is checked of a payload before anything is sent to a host: so that a wrong file is refused
// with its reason, where Xen would answer "Invalid argument", and leaves no trace there.

import type { CallOptions } from "../host/call-options.ts";
import type { LivepatchHost } from "../host/host.ts";
import type { Payload } from "../payload/payload.ts";
import { PAYLOAD_SIZE_MAX } from "../xen-abi/limits.ts";
import { readInputFile } from "./read-input-file.ts";

export interface PayloadFile {
  readonly payload: Payload;
  readonly bytes: Uint8Array;
}

/** @throws XspliceError unless `path` is a payload that some hypervisor would take */
export async function readPayload(path: string, signal?: AbortSignal): Promise<PayloadFile> {
  const bytes = await readInputFile(path, {
    sizeMax: PAYLOAD_SIZE_MAX,
    reason: "the hypervisor's limit for a payload",
    ...(signal && { signal }),
  });
  const { parsePayload } = await import("../payload/parse.ts");
  return { bytes, payload: parsePayload(bytes, path) };
}

/** @throws XspliceError unless it was made for the hypervisor of `host` */
export async function checkForHost(
  host: LivepatchHost,
  { name, payload }: { readonly name: string; readonly payload: PayloadFile },
  options: CallOptions,
): Promise<void> {
  const [{ checkPayloadForHost }, info, loaded] = await Promise.all([
    import("../payload/check-for-host.ts"),
    host.info(options),
    host.list(options),
  ]);
  // A name that is taken is for the hypervisor to refuse: scripts know its answer by the stock tool's words.
  const others = loaded.filter((other) => other.name !== name);
  checkPayloadForHost(payload.payload, { name, info, loaded: others });
}
