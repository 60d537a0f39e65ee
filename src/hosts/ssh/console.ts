// The hypervisor's console through `xl dmesg`, which prints the whole ring each time.

import type { CallOptions } from "../../host/call-options.ts";
import { HostError } from "../../host/errors.ts";
import type { ConsoleMark, ConsoleText, HostCapabilities } from "../../host/host.ts";
import { systemClock } from "../clock.ts";
import { newInRing } from "../console-ring.ts";
import { startDeadline } from "../deadline.ts";
import type { SshConnection } from "./connection.ts";
import { REMOTE_PRELUDE } from "./tools.ts";

/** @throws HostError host/unsupported where `xl dmesg` does not work */
export async function remoteConsole(
  connection: SshConnection,
  capabilities: HostCapabilities,
  request: { readonly since: ConsoleMark | undefined; readonly options: CallOptions },
): Promise<ConsoleText> {
  if (!capabilities.console) {
    throw new HostError({
      code: "host/unsupported",
      problem: `Cannot read the hypervisor's console on ${connection.label}: \`xl dmesg\` does not work there`,
      remedy: "connect as root to a dom0 with Xen's tools",
    });
  }
  const deadline = startDeadline(connection.label, request.options, systemClock);
  const ring = await deadline.limit("read the console", (signal) => readRing(connection, signal));
  return newInRing(ring, request.since);
}

async function readRing(connection: SshConnection, signal: AbortSignal): Promise<string> {
  const script = `${REMOTE_PRELUDE} xl dmesg`;
  return (await connection.run({ script }, signal)).stdout;
}
