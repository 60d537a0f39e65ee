// Arguments that no hypervisor would accept are refused before anything is sent (ABI §2.1).

import { HostError } from "../host/errors.ts";
import { PAYLOAD_NAME_MAX, PAYLOAD_SIZE_MAX } from "../xen-abi/limits.ts";

/** @throws HostError host/bad-argument */
export function checkUpload(name: string, payload: Uint8Array): void {
  checkName(name);
  if (payload.length > 0 && payload.length <= PAYLOAD_SIZE_MAX) return;
  throw new HostError({
    code: "host/bad-argument",
    problem:
      payload.length === 0
        ? `Cannot upload payload "${name}": it is empty`
        : `Cannot upload payload "${name}": it has ${payload.length} bytes`,
    expected: `1 to ${PAYLOAD_SIZE_MAX} bytes, the limit of Xen`,
    remedy: "strip debug information from the payload, or split it",
  });
}

/** @throws HostError host/bad-argument */
export function checkName(name: string): void {
  const length = Buffer.byteLength(name);
  const zero = name.includes("\0");
  if (length > 0 && length <= PAYLOAD_NAME_MAX && !zero) return;
  throw new HostError({
    code: "host/bad-argument",
    problem: zero
      ? `Cannot use ${JSON.stringify(name)} as the name of a payload: it has a NUL character`
      : `Cannot use "${name}" as the name of a payload: it has ${length} bytes`,
    expected: `1 to ${PAYLOAD_NAME_MAX} bytes, none of them NUL`,
    remedy: "choose another name",
  });
}
