// Opens the host that was asked for, hands it to `use`, closes it whatever happens.

import { XspliceError } from "../error.ts";
import type { CallOptions } from "../host/call-options.ts";
import type { LivepatchHost } from "../host/host.ts";
import type { JournalGoal } from "../plan/journal-goal.ts";
import type { CommandCall } from "./spec.ts";

type Use<Result> = (host: LivepatchHost, options: CallOptions) => Promise<Result>;

export async function withHost<Result>(call: CommandCall, use: Use<Result>): Promise<Result> {
  const options = { deadlineMs: call.globals.deadlineMs, signal: call.io.signal };
  const host = await call.openHost(call.globals.host, options);
  try {
    return await use(host, options);
  } finally {
    await host[Symbol.asyncDispose]();
  }
}

/** For commands that change something: what they do is written down on the host. */
export async function withJournalledHost<Result>(
  call: CommandCall,
  use: (host: LivepatchHost, options: CallOptions, goal: JournalGoal) => Promise<Result>,
): Promise<Result> {
  const [{ JournalledHost }, { factsOfPayload }, { parsePayload }] = await Promise.all([
    import("../plan/journalled-host.ts"),
    import("../plan/facts.ts"),
    import("../payload/parse.ts"),
  ]);
  let trouble: unknown;
  let aside: string | undefined;
  const journalling = {
    now: () => new Date(),
    factsOf: (bytes: Uint8Array, name: string) => {
      try {
        return factsOfPayload(parsePayload(bytes, name));
      } catch (error) {
        // The hypervisor has the last word on what is a payload.
        if (error instanceof XspliceError) return undefined;
        throw error;
      }
    },
    onTrouble: (error: unknown) => {
      trouble ??= error;
    },
    onSetAside: (place: string) => {
      aside ??= place;
    },
  };
  try {
    return await withHost(call, (bare, options) => {
      const { host, goal } = JournalledHost.around(bare, journalling);
      return use(host, options, goal);
    });
  } finally {
    // Once for all actions, and not in the middle of a line that tells of one.
    if (aside !== undefined) {
      call.io.stderr.write(
        `warning: this release cannot read the host's journal: kept as ${aside}, a new one begins\n`,
      );
    }
    if (trouble !== undefined) {
      const reason = trouble instanceof Error ? trouble.message : String(trouble);
      call.io.stderr.write(`warning: the order of payloads is not written down: ${reason}\n`);
    }
  }
}
