// The hypervisor of a lab: hypercalls are made by the agent in its dom0.

import { join } from "node:path";
import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { LivepatchHost } from "../host/host.ts";
import { connectLab } from "../lab/detached.ts";
import type { CrashReport } from "../lab/errors.ts";
import type { Lab } from "../lab/lab.ts";
import { XenClient } from "../xen-call/client.ts";
import { ProxyTransport } from "../xen-call/proxy.ts";
import { systemClock } from "./clock.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { LOCK_FILE } from "./journal/place.ts";
import { LabBootStore, LabJournal, readLabFile } from "./lab-files.ts";
import { BOOT_ID_PATH } from "./local.ts";
import { holdLockFile } from "./lock-file.ts";
import type { RemoteResult, RemoteScript, RunScript } from "./remote-script.ts";
import { openXenHost } from "./xen-link.ts";

/**
 * A host on a lab that belongs to the caller: closing the host does not stop the lab.
 * @throws HostError
 */
export async function labHost(lab: Lab, signal?: AbortSignal): Promise<LivepatchHost> {
  return open(lab, async () => undefined, signal);
}

/**
 * A host on a running lab by its name, or on the only one; closing it leaves the lab running.
 * @throws LabError lab/unknown, lab/busy; HostError host/timeout and others
 */
export async function openLabHost(
  name: string | undefined,
  options: CallOptions,
): Promise<LivepatchHost> {
  const label = name === undefined ? "the lab" : `lab ${name}`;
  return await startDeadline(label, options, systemClock).limit("connect", (signal) =>
    connect(name, options.deadlineMs, signal),
  );
}

async function connect(
  name: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<LivepatchHost> {
  const lab = await connectLab(name, { signal, timeoutMs });
  try {
    const host = await open(lab, () => lab.close(), signal);
    signal.throwIfAborted(); // Else nobody would close it.
    return host;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

function open(
  lab: Lab,
  close: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<LivepatchHost> {
  const run: RunScript = (remote, deadline) => runInLab(lab, remote, deadline);
  return openXenHost(
    {
      label: lab.label,
      client: new XenClient(new ProxyTransport(lab.agent)),
      machine: "x86_64",
      readBootId: async (until) =>
        (await readLabFile(lab, BOOT_ID_PATH, until))?.trim() || undefined,
      journal: new LabJournal(lab, run),
      boot: new LabBootStore(lab, run),
      // Labs can only be reached from this machine.
      lock: () => holdLockFile(join(lab.info.folder, LOCK_FILE)),
      death: lab.crashed.then((report) => crashed(lab.label, report)),
      close,
    },
    signal,
  );
}

function runInLab(
  lab: Lab,
  { task, script, args = [], stdin }: RemoteScript,
  deadline: Deadline,
): Promise<RemoteResult> {
  return deadline.limit(task, async (signal) => {
    const command = ["sh", "-c", script, "xsplice", ...args];
    const result = await lab.exec(command, { signal, ...(stdin && { stdin }) });
    const [stdout, stderr] = [result.stdout.toString(), result.stderr.toString()];
    return { stdout, stderr, exitCode: result.exitCode };
  });
}

const WHAT_DIED: Readonly<Record<CrashReport["kind"], string>> = {
  "hypervisor-panic": "the hypervisor crashed",
  "dom0-down": "dom0 crashed or was shut down",
  "dom0-hung": "dom0 does not answer any more",
  "machine-ended": "the machine ended",
};

function crashed(label: string, report: CrashReport): HostError {
  return new HostError({
    code: "host/crashed",
    problem: `Cannot go on with ${label}: ${WHAT_DIED[report.kind]}`,
    where: `end of the hypervisor's console:\n${report.console}`,
    remedy: "start a new lab, and look at what the payload does before applying it again",
  });
}
