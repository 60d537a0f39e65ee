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
  const [{ readTrust }, { lastUpdate, lastWord }, { hostStatusOf }] = await Promise.all([
    import("../../depot/trust/state.ts"),
    import("../../depot/trust/seen.ts"),
    import("../../depot/trust/host-status.ts"),
  ]);
  const folder = trustFolder(io.env);
  const channel = channelOf(() => readTrust(folder).channel);
  const xenBuildId = view.info.buildId;
  if (channel === undefined || xenBuildId === undefined) return undefined;
  const word = lastWord(folder, { channel, xenBuildId });
  if (word === undefined) return undefined;
  const signedAt = word.signedAt === undefined ? undefined : new Date(word.signedAt);
  const times = { signedAt, expires: new Date(word.expires) };
  const { fixes } = hostStatusOf(globals.host, view, word.wish, times);
  const update = lastUpdate(folder, globals.host);
  return {
    channel,
    signedAt,
    expiresAt: times.expires,
    fixes,
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
