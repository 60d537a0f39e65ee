// The parts of a dom0 reached by ssh that need no live patching tool: its journal, its lock, its
// console.

import { HostError } from "../../host/errors.ts";
import type { ConsoleMark, ConsoleText, HostCapabilities } from "../../host/host.ts";
import { ScriptBootStore } from "../boot/store.ts";
import type { Deadline } from "../deadline.ts";
import type { HostLink } from "../host-link.ts";
import { ScriptJournal } from "../journal/script.ts";
import type { RunScript } from "../remote-script.ts";
import type { SshConnection } from "./connection.ts";
import { newInRing } from "./console-ring.ts";
import { lockRemote } from "./lock.ts";
import { REMOTE_PRELUDE } from "./tools.ts";

type Dom0 = Pick<
  HostLink,
  "label" | "capabilities" | "journal" | "boot" | "lock" | "console" | "close"
>;

/** @param connection is closed with it */
export function dom0Over(connection: SshConnection, capabilities: HostCapabilities): Dom0 {
  const { label } = connection;
  const run: RunScript = (remote, deadline) => connection.run(remote, deadline);
  return {
    label,
    capabilities,
    journal: new ScriptJournal(label, run),
    boot: new ScriptBootStore(label, run),
    lock: (options) => lockRemote(connection, options),
    console: async (since, deadline) => {
      if (!capabilities.console) throw noConsole(label);
      return readConsole(connection, since, deadline);
    },
    close: () => connection[Symbol.asyncDispose](),
  };
}

/** `xl dmesg` prints the whole ring each time. */
async function readConsole(
  connection: SshConnection,
  since: ConsoleMark | undefined,
  deadline: Deadline,
): Promise<ConsoleText> {
  const remote = { task: "read the console", script: `${REMOTE_PRELUDE} xl dmesg` };
  const { stdout } = await connection.run(remote, deadline);
  return newInRing(stdout, since);
}

function noConsole(label: string): HostError {
  return new HostError({
    code: "host/unsupported",
    problem: `Cannot read the hypervisor's console on ${label}: \`xl dmesg\` does not work there`,
    remedy: "connect as root to a dom0 with Xen's tools",
  });
}
