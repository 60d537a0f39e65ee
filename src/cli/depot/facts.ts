// What is known of the trusted depot without asking it, for metrics.

import { DepotError } from "../../depot/errors.ts";
import type { DepotFacts } from "../../metrics/mod.ts";
import type { HostView } from "../../plan/observe.ts";
import type { CommandCall } from "../spec.ts";
import { trustFolder } from "./state-folder.ts";

/** `undefined` where no depot is trusted, or it was never asked for this hypervisor. */
export async function depotFactsOf(
  { io, globals }: CommandCall,
  view: HostView,
): Promise<DepotFacts | undefined> {
  const [{ readTrust }, { lastUpdate }, { lastKnown }] = await Promise.all([
    import("../../depot/trust/state.ts"),
    import("../../depot/trust/seen.ts"),
    import("./last-known.ts"),
  ]);
  const folder = trustFolder(io.env);
  const channel = channelOf(() => readTrust(folder).channel);
  const last = channel && lastKnown(folder, channel, globals.host, view);
  if (!channel || !last) return undefined;
  const { status, signedAt, expires } = last;
  const update = lastUpdate(folder, globals.host);
  return {
    channel,
    signedAt,
    expiresAt: expires,
    fixes: status.fixes,
    lastUpdate: update && { at: new Date(update.at), result: update.result },
  };
}

function channelOf(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DepotError) return undefined;
    throw error;
  }
}
