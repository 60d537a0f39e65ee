// Opens a host by its address. The code of each kind is loaded on first use, so that a command for one
// kind does not wait for the code of the others.

import type { LivepatchHost } from "../host/host.ts";
import { parseAddress } from "./address.ts";

export interface OpenHostOptions {
  /** Time limit for connecting; every call on the host has its own. */
  readonly deadlineMs?: number;
  /** Program and first arguments in place of `ssh`. */
  readonly sshCommand?: readonly string[];
  readonly signal?: AbortSignal;
}

const CONNECT_MS = 30_000;

/**
 * @param address `local`, `lab`, `lab:NAME`, `ssh:USER@HOST`, `ssh+sudo:USER@HOST`
 * @throws HostError; LabError when there is no such lab
 */
export async function openHost(
  address: string,
  options: OpenHostOptions = {},
): Promise<LivepatchHost> {
  const parsed = parseAddress(address);
  const { signal, deadlineMs = CONNECT_MS, sshCommand: command = ["ssh"] } = options;
  switch (parsed.kind) {
    case "local": {
      const { openLocalHost } = await import("./local.ts");
      return openLocalHost(signal);
    }
    case "lab": {
      const { openLabHost } = await import("./lab.ts");
      return openLabHost(parsed.name, { deadlineMs, ...(signal && { signal }) });
    }
    case "ssh": {
      const { openSshHost } = await import("./ssh/open.ts");
      const { destination, becomeRoot } = parsed;
      return openSshHost({
        destination,
        becomeRoot,
        command,
        deadlineMs,
        ...(signal && { signal }),
      });
    }
  }
}
