// What applied payloads replace, as `list --stack` knows it: also of payloads that say nothing of it themselves,
// by the journal of the host and the files that were given.

import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { LivepatchHost } from "../host/host.ts";
import type { GivenPayload } from "../plan/piece.ts";
import type { ReplacedBy } from "../probe/difference.ts";

/** By names; empty where the host does not tell. */
export async function findReplacedBy(
  host: LivepatchHost,
  files: readonly GivenPayload[],
  options: CallOptions,
): Promise<ReplacedBy> {
  const [{ observeHost }, { viewStack }] = await Promise.all([
    import("../plan/observe.ts"),
    import("../plan/stack-view.ts"),
  ]);
  try {
    const { state } = await observeHost(host, files, options);
    return new Map(
      viewStack(state).applied.flatMap(({ name, functions }) =>
        functions === undefined ? [] : [[name, functions.map((one) => one.name)] as const],
      ),
    );
  } catch (error) {
    if (error instanceof HostError && options.signal?.aborted !== true) return new Map();
    throw error;
  }
}
