// The depot that this machine trusts, asked for the hypervisor of a host.

import { DepotError } from "../../depot/errors.ts";
import type { DepotWish } from "../../depot/form.ts";
import type { TrustedView } from "../../depot/trust/trusted.ts";
import type { CallOptions } from "../../host/call-options.ts";
import type { LivepatchHost } from "../../host/host.ts";
import type { OptionSpec } from "../option-spec.ts";
import type { CommandCall } from "../spec.ts";
import { trustFolder } from "./state-folder.ts";

export const channelOption: OptionSpec = {
  name: "channel",
  value: "NAME",
  description: "another channel than the one that was given to depot trust",
};

export interface Asked {
  readonly view: TrustedView;
  readonly wish: DepotWish;
  readonly channel: string;
}

/** @throws DepotError */
export async function askDepot<Result>(
  { options, io, globals }: CommandCall,
  xenBuildId: string,
  use: (asked: Asked) => Promise<Result>,
): Promise<Result> {
  const [
    { openSource },
    { readTrust },
    { withTrusted },
    { readDepotWish },
    { requireChannelName },
  ] = await Promise.all([
    import("../../depot/read/source.ts"),
    import("../../depot/trust/state.ts"),
    import("../../depot/trust/trusted.ts"),
    import("../../depot/trust/wish.ts"),
    import("../../depot/form.ts"),
  ]);
  const folder = trustFolder(io.env);
  const trust = readTrust(folder);
  const channel = options.text("channel") ?? trust.channel;
  requireChannelName(channel);
  const source = openSource(trust.place, { signal: io.signal, deadlineMs: globals.deadlineMs });
  const { keepWord } = await import("../../depot/trust/seen.ts");
  return withTrusted(folder, source, { now: new Date() }, async (view) => {
    const wish = await readDepotWish(view, channel, xenBuildId);
    const { signedAt, expires } = view;
    keepWord(folder, { signedAt: signedAt?.toISOString(), expires: expires.toISOString(), wish });
    return use({ view, channel, wish });
  });
}

/** @throws DepotError depot/no-wish for a hypervisor without one */
export async function requireBuildId(host: LivepatchHost, options: CallOptions): Promise<string> {
  const { buildId } = await host.info(options);
  if (buildId !== undefined) return buildId;
  throw new DepotError({
    code: "depot/no-wish",
    problem: `Cannot look for ${host.label} in the depot: its hypervisor has no build-id`,
    expected: "a build-id, by which a depot knows what fits",
  });
}
