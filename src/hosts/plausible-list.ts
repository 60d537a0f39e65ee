// Whether a list of payloads can be one of Xen's. On a host that is reached by ssh, programs print it, and who
// owns that dom0 owns them: what no Xen has is refused before anything is concluded from it.

import { HostError } from "../host/errors.ts";
import type { ListedPayload } from "../host/host.ts";
import { PAYLOAD_NAME_MAX } from "../xen-abi/limits.ts";

/** Far more than the space that Xen has for payloads is used for. */
export const LISTED_PAYLOADS_MAX = 4096;

/** @throws HostError host/implausible */
export function requirePlausible(
  list: readonly ListedPayload[],
  label: string,
): readonly ListedPayload[] {
  if (list.length > LISTED_PAYLOADS_MAX) {
    throw implausible(label, `it has ${list.length} payloads`, `at most ${LISTED_PAYLOADS_MAX}`);
  }
  const names = new Set<string>();
  for (const { name } of list) {
    const length = Buffer.byteLength(name);
    if (length < 1 || length > PAYLOAD_NAME_MAX) {
      throw implausible(label, `a name in it has ${length} bytes`, `1 to ${PAYLOAD_NAME_MAX}`);
    }
    if (names.has(name)) throw implausible(label, `it has "${name}" twice`, "each name once");
    names.add(name);
  }
  return list;
}

function implausible(label: string, found: string, expected: string): HostError {
  return new HostError({
    code: "host/implausible",
    problem: `Cannot believe the list of payloads of ${label}: ${found}`,
    expected: `${expected}, as Xen has it`,
    remedy: "look at what prints it there: xsplice, or xen-livepatch",
  });
}
