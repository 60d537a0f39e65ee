// Opens the host that was asked for, hands it to `use`, closes it whatever happens. There is no other way to one, so
// whatever a policy of this machine demands of uploads is demanded here.

import { hostname, userInfo } from "node:os";
import type { BootKeeper } from "../boot/keeper.ts";
import { XspliceError } from "../error.ts";
import type { KeepOutcome } from "../host/boot-store.ts";
import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { LivepatchHost } from "../host/host.ts";
import type { ObservedHost } from "../plan/journalled-host.ts";
import { policingOf } from "./policy/policing.ts";
import type { CommandCall } from "./spec.ts";
import { renderKept } from "./text/kept.ts";

type Use<Result> = (host: LivepatchHost, options: CallOptions) => Promise<Result>;

export async function withHost<Result>(call: CommandCall, use: Use<Result>): Promise<Result> {
  const options = { deadlineMs: call.globals.deadlineMs, signal: call.io.signal };
  const { around } = policingOf(call);
  const host = around(await call.openHost(call.globals.host, options));
  try {
    return await use(host, options);
  } finally {
    await host[Symbol.asyncDispose]();
  }
}

/** For commands that change something: what they do is written down on the host. */
export async function withJournalledHost<Result>(
  call: CommandCall,
  use: (host: LivepatchHost, options: CallOptions, journalled: ObservedHost) => Promise<Result>,
): Promise<Result> {
  const [{ JournalledHost }, { BootKeeper }] = await Promise.all([
    import("../plan/journalled-host.ts"),
    import("../boot/keeper.ts"),
  ]);
  const keeper = new BootKeeper();
  let trouble: unknown;
  let aside: string | undefined;
  const journalling = {
    now: () => new Date(),
    actor: { by: operatorName(call.io.env), from: hostname() },
    onAction: () => keeper.sawAction(),
    factsOf: async (bytes: Uint8Array, name: string) => {
      keeper.sawUpload(name, bytes);
      const { factsOfPayload } = await import("../plan/facts.ts");
      const { parsePayload } = await import("../payload/parse.ts");
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
    return await withHost(call, async (bare, options) => {
      const journalled = JournalledHost.around(bare, journalling);
      try {
        return await use(journalled.host, options, journalled);
      } finally {
        call.io.stderr.write(renderKept(await keptBy(keeper, bare, options)));
      }
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

/** Who became root by sudo is somebody else. */
function operatorName(env: CommandCall["io"]["env"]): string | undefined {
  try {
    return env["SUDO_USER"] || userInfo().username;
  } catch {
    // A number without a name, as in some containers.
    return process.getuid?.().toString();
  }
}

/** Also after ^C and after a failure: what is applied now is to be found after a reboot. */
async function keptBy(
  keeper: BootKeeper,
  host: LivepatchHost,
  { deadlineMs }: CallOptions,
): Promise<KeepOutcome | HostError | undefined> {
  try {
    return await keeper.finish(host, { deadlineMs });
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
}
