// Waits for what a hypervisor still has under way: an action goes on when whoever began it has lost
// contact with the host, or is dead.

import type { CallOptions } from "../host/call-options.ts";
import type { ListedPayload, LivepatchHost } from "../host/host.ts";

/** Far more than Xen gives an action, with the pause of the command line in between. */
const LOOKS_MAX = 100;

export interface SettleOptions extends Pick<CallOptions, "deadlineMs"> {
  /** Between two looks. */
  readonly pause: () => Promise<void>;
}

export interface Settled {
  readonly list: readonly ListedPayload[];
  /** Names of those that were still open after a long time. */
  readonly busy: readonly string[];
}

/**
 * Looks at a host until no payload is open any more.
 * @throws HostError when it does not answer
 */
export async function listSettled(
  host: LivepatchHost,
  isOpen: (listed: ListedPayload) => boolean,
  { deadlineMs, pause }: SettleOptions,
): Promise<Settled> {
  for (let looks = 1; ; looks++) {
    const list = await host.list({ deadlineMs });
    const busy = list.filter(isOpen).map(({ name }) => name);
    if (busy.length === 0 || looks === LOOKS_MAX) return { list, busy };
    await pause();
  }
}
