// The options of the commands that start an action, and what they mean to a host.

import type { CallOptions } from "../../host/call-options.ts";
import type { ActOptions } from "../../host/host.ts";
import type { CommandCall, OptionSpec } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

export const nodepsOption: OptionSpec = {
  flags: "--nodeps",
  description: "check only that the payload is for this hypervisor, not what it is stacked on",
};

export const quiesceOption: OptionSpec = {
  flags: "--quiesce MS",
  description: "time limit of the first rendezvous of all CPUs; grows when missed (default: 30)",
};

// Xen's own default; its field holds nanoseconds in 32 bits (ABI §4.2).
const QUIESCE_DEFAULT_MS = 30;
const QUIESCE_LIMIT_MS = 4294;

/** @throws UsageError on a rendezvous limit that Xen's 32 bits of nanoseconds cannot hold */
export function readActOptions(call: CommandCall, options: CallOptions): ActOptions {
  return {
    ...options,
    dependencyCheck: call.options.has("nodeps") ? "hypervisor-only" : "whole-chain",
    quiesceMs: readQuiesce(call.options.text("quiesce")),
  };
}

function readQuiesce(text: string | undefined): number {
  if (text === undefined) return QUIESCE_DEFAULT_MS;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= QUIESCE_LIMIT_MS) return value;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use "${text}" as the time limit of a rendezvous: it is out of range`,
    where: "--quiesce",
    expected: `milliseconds from 1 to ${QUIESCE_LIMIT_MS}`,
  });
}
