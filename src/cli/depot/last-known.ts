// Where a host stands with what the trusted depot said when it was asked last.

import { type HostStatus, hostStatusOf } from "../../depot/trust/host-status.ts";
import { lastWord } from "../../depot/trust/seen.ts";
import type { HostView } from "../../plan/observe.ts";

interface LastKnown {
  readonly status: HostStatus;
  readonly signedAt: Date | undefined;
  readonly expires: Date;
}

/**
 * @param folder of the trust
 * @returns `undefined` where it was never asked for that hypervisor
 */
export function lastKnown(
  folder: string,
  channel: string,
  label: string,
  view: HostView,
): LastKnown | undefined {
  const xenBuildId = view.info.buildId;
  const word = xenBuildId && lastWord(folder, { channel, xenBuildId });
  if (!word) return undefined;
  const signedAt = word.signedAt === undefined ? undefined : new Date(word.signedAt);
  const times = { signedAt, expires: new Date(word.expires) };
  return { status: hostStatusOf(label, view, word.wish, times), ...times };
}
