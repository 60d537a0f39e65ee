// Opens a dom0 by ssh. xsplice there is preferred to the stock tools.

import { HostError } from "../../host/errors.ts";
import type { LivepatchHost } from "../../host/host.ts";
import { systemClock } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import { LinkedHost } from "../linked-host.ts";
import { SshConnection, type SshOptions } from "./connection.ts";
import { stockLink } from "./stock-link.ts";
import { probeTools } from "./tools.ts";
import { xspliceLink } from "./xsplice-link.ts";

export interface OpenSshOptions extends SshOptions {
  /** `stock`: do not use an xsplice that is installed there. */
  readonly tools?: "best" | "stock";
  /** Time limit for connecting and for the first inspection. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** @throws HostError host/unreachable, host/unsupported, host/timeout, host/bad-argument */
export async function openSshHost(options: OpenSshOptions): Promise<LivepatchHost> {
  const deadline = startDeadline(`ssh:${options.destination}`, options, systemClock);
  const connection = await deadline.limit("connect", (signal) =>
    SshConnection.open(options, signal),
  );
  try {
    const tools = await probeTools(connection, deadline);
    if (tools.xsplice && options.tools !== "stock") {
      return new LinkedHost(xspliceLink(connection, tools));
    }
    if (tools.xenLivepatch) return new LinkedHost(stockLink(connection, tools));
    throw new HostError({
      code: "host/unsupported",
      problem: `Cannot patch ${connection.label} with stock tools: xen-livepatch is not there`,
    });
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
}
