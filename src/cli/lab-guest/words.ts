// What became of a guest, in words.

import type { GuestRun } from "../../guest/run-guest.ts";

const CRASH_WORDS = {
  "hypervisor-panic": "the hypervisor crashed, and everything with it",
  "dom0-down": "dom0 went down with it",
  "dom0-hung": "the hypervisor or dom0 hangs: nothing answers any more",
  "machine-ended": "the emulated computer ended",
} as const;

/** Why a destroyed guest is not gone. */
export const HELD =
  "something still has its memory mapped, a program in dom0 perhaps, and Xen keeps it until that ends";

export function wordsOfOutcome({ outcome, elapsedMs }: GuestRun): string {
  const seconds = `after ${(elapsedMs / 1000).toFixed(1)} s`;
  switch (outcome.kind) {
    case "ended":
      return outcome.exitCode === undefined
        ? `the guest stopped by itself ${seconds}`
        : `the guest ended by itself ${seconds}, with exit code ${outcome.exitCode}`;
    case "rebooted":
      return `the guest rebooted ${seconds}: it asked for it, or three of its faults came in a row`;
    case "crashed":
      return `Xen ended the guest ${seconds}; its console says why`;
    case "gone":
      return `somebody destroyed the guest ${seconds}`;
    case "said":
      return `the guest said what was waited for ${seconds}, and was destroyed`;
    case "timeout":
      return `the guest still ran ${seconds}, and was destroyed; --timeout gives it more time`;
    case "lab-dead":
      return `${CRASH_WORDS[outcome.crash.kind]} ${seconds}`;
  }
}

/** What to show of Xen's console: only where it says more than the outcome. */
export function consoleOfOutcome({ outcome, console }: GuestRun): string {
  if (outcome.kind === "lab-dead") return outcome.crash.console;
  return outcome.kind === "crashed" ? console : "";
}
