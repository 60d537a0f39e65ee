// A payload's name in the hypervisor.

import { basename } from "node:path";
import { HostError } from "../../host/errors.ts";
import { PAYLOAD_NAME_MAX } from "../../xen-abi/limits.ts";
import type { ArgumentSpec } from "../spec.ts";

export const payloadNameArgument: ArgumentSpec = {
  name: "NAME",
  description: "the name under which the payload was uploaded",
  count: "one",
  completes: "payload",
};

/** Xen performs one action at a time, and so do the commands of xen-livepatch. */
export const removedNameArgument: ArgumentSpec = {
  ...payloadNameArgument,
  remedyForMore:
    'one at a time; "xsplice sync --revert NAME..." removes several, in the right order',
};

/** @throws HostError before anything is sent, for a name that no hypervisor accepts */
export function checkPayloadName(name: string): void {
  const length = Buffer.byteLength(name);
  if (length >= 1 && length <= PAYLOAD_NAME_MAX) return;
  throw new HostError({
    code: "host/bad-argument",
    problem:
      length === 0
        ? "Cannot use an empty name for a payload"
        : `Cannot use "${shortened(name)}" as the name of a payload: it is ${length} bytes long`,
    expected: `1 to ${PAYLOAD_NAME_MAX} bytes, the limit of the hypervisor's interface`,
    remedy:
      length === 0
        ? "name it; load takes the file's name, which must not begin with its only dot"
        : "choose a shorter name; it need not be that of the file",
  });
}

/** `folder/fix-1.2.livepatch` is `fix-1.2`. */
export function payloadNameOf(file: string): string {
  return basename(file).replace(/\.[^.]*$/, "");
}

function shortened(name: string): string {
  return name.length <= 40 ? name : `${name.slice(0, 40)}…`;
}
