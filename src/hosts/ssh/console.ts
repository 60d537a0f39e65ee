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
  const remote = { task: "read the console", script: `${REMOTE_PRELUDE} xl dmesg` };
  const { stdout: ring } = await connection.run(remote, deadline);
  return newInRing(ring, request.since);
}
