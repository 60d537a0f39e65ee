// The options of the commands that start an action, and their conversion for a host.

import type { CallOptions } from "../../host/call-options.ts";
import type { ActOptions } from "../../host/host.ts";
import type { OptionSpec } from "../option-spec.ts";
import type { CommandCall } from "../spec.ts";

// Xen's own default; its field holds nanoseconds in 32 bits (ABI §4.2).
const QUIESCE_DEFAULT_MS = 30;
const QUIESCE_LIMIT_MS = 4294;

export const nodepsOption: OptionSpec = {
  name: "nodeps",
  description:
    "check only that the payload is for this hypervisor, not which payload it is stacked on",
};

export const danglingOption: OptionSpec = {
  name: "allow-dangling",
  description:
    "unload a payload although the hypervisor keeps a pointer into it, or a CPU may still be in it",
};

export const quiesceOption: OptionSpec = {
  name: "quiesce",
  value: "MS",
  description: "time limit of the first rendezvous of all CPUs, in ms; grows with each retry",
  range: { min: 1, max: QUIESCE_LIMIT_MS },
  default: `${QUIESCE_DEFAULT_MS}`,
};

/** Whether an unload may leave dangling pointers in the hypervisor, and CPUs in freed code. */
export function readDangling({ options }: CommandCall): "refuse" | "allow" {
  return options.has(danglingOption.name) ? "allow" : "refuse";
}

export function readActOptions(call: CommandCall, options: CallOptions): ActOptions {
  return {
    ...options,
    dependencyCheck: call.options.has("nodeps") ? "hypervisor-only" : "whole-chain",
    quiesceMs: call.options.number("quiesce") ?? QUIESCE_DEFAULT_MS,
  };
}
