// The two integers in which Xen reports a payload's status, and their names.

import { HostError } from "../host/errors.ts";
import type { PayloadStatus, SettledState } from "../host/host.ts";
import { unreachable } from "../invariant.ts";
import { Errno, nameOfErrno } from "../xen-abi/errno.ts";
import { LivepatchState } from "../xen-abi/sysctl.ts";

/** @throws HostError host/unsupported for a state that no known release has */
export function decodeStatus(raw: { readonly state: number; readonly rc: number }): PayloadStatus {
  const settled = decodeState(raw.state);
  if (raw.rc === 0) return { kind: settled };
  if (raw.rc === -Errno.EAGAIN) return { kind: "busy", settled };
  return { kind: "failed", settled, errno: Math.abs(raw.rc) };
}

/** For messages: `applied, last action failed with EBUSY (16)`. */
export function describeStatus(status: PayloadStatus): string {
  switch (status.kind) {
    case "checked":
      return "checked (loaded, not applied)";
    case "applied":
      return "applied";
    case "busy":
      return `${status.settled}, an action is under way`;
    case "failed":
      return `${status.settled}, the last action failed with ${nameOfErrno(status.errno)}`;
    default:
      return unreachable(status);
  }
}

function decodeState(state: number): SettledState {
  if (state === LivepatchState.CHECKED) return "checked";
  if (state === LivepatchState.APPLIED) return "applied";
  throw new HostError({
    code: "host/unsupported",
    problem: `Cannot read the status of a payload: the hypervisor says state ${state}`,
    expected: "1 (checked) or 2 (applied)",
    remedy: "use a version of xsplice that knows this release of Xen",
  });
}
