// From bytes to a payload that Xen's loader accepts, as far as the file alone shows it.

import { invariant } from "../invariant.ts";
import { throwFirstError } from "./finding.ts";
import { inspectPayload } from "./inspect.ts";
import type { Payload } from "./payload.ts";

/**
 * `source` is the name of the file in messages.
 * @throws ElfError when the bytes are not an ELF file; PayloadError with the first problem that Xen
 * would refuse, or that would harm it
 */
export function parsePayload(bytes: Uint8Array, source: string): Payload {
  const { contents, findings } = inspectPayload(bytes, source);
  throwFirstError(findings);
  const { version, buildId, depends } = contents;
  invariant(
    version !== undefined && buildId !== undefined && depends !== undefined,
    "what is missing in a payload must have given a finding",
  );
  return { ...contents, version, buildId, depends };
}
