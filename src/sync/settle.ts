// Waits for actions that are still under way: an action continues when the process that started it has
// lost contact with the host, or has ended.

import type { CallOptions } from "../host/call-options.ts";
import type { ListedPayload, LivepatchHost } from "../host/host.ts";

/** Far longer than Xen's limit of an action, including the pause of the command line. */
const LOOKS_MAX = 100;

export interface SettleOptions extends Pick<CallOptions, "deadlineMs"> {
  /** Between two polls. */
  readonly pause: () => Promise<void>;
}

export interface Settled {
  readonly list: readonly ListedPayload[];
  /** Names of the payloads whose action was still under way at the time limit. */
  readonly busy: readonly string[];
}

/** Polls a host until no action is under way. @throws HostError when it does not answer */
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
