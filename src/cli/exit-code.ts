// Exit codes of every command; docs/cli.md shows them as a table. The stock verbs keep the codes of
// xen-livepatch (ABI §7.4), the others use those of sysexits.h for what is not a plain failure.

import type { XspliceError } from "../error.ts";
import { HostError } from "../host/errors.ts";
import { Errno } from "../xen-abi/errno.ts";
import { UsageError } from "./usage-error.ts";

export const ExitCode = {
  success: 0,
  failure: 1,
  /** Stock verbs only: EAGAIN or EBUSY, so that trying again makes sense. */
  retry: 2,
  /** build only: the fix cannot be live patched. */
  unpatchable: 2,
  /** build only: the patch changes nothing that the hypervisor runs, but for what may be left out. */
  unchanged: 3,
  /** diff, rebuild: the payloads differ; probe: the code does, from what a payload expects. */
  different: 2,
  /** check: the hypervisor would refuse a payload; plan, sync: there is no way to what is wished. */
  refused: 2,
  /** prove only: the payload does not close the hole. */
  notClosed: 2,
  /** prove only: nothing is proved: the hole does not show, or a run showed something else. */
  notShown: 3,
  /** lab guest run: the guest did not end well, or took the hypervisor down. */
  guestFailed: 2,
  /** matrix: a base has no payload. boot: the next boot will not bring back what is applied now, or the last one did not. */
  incomplete: 2,
  /** bisect only: no single fix can be named. */
  unnamed: 2,
  /** check only: it would not, and something can go wrong nevertheless. */
  hazards: 3,
  /** sync only: the host is neither as it was nor as wished. */
  astray: 3,
  /** Wrong use of the command line; stock verbs answer 1, as xen-livepatch does. */
  usage: 64,
  /** Our bug. */
  bug: 70,
  /** Stopped by ^C, as a shell would report it. */
  interrupted: 130,
} as const;

/** Of libraries, for words that are wrong whatever they are used for: all come from the command line. */
const wrongUse: readonly string[] = ["lab/bad-argument", "host/bad-argument"];

/** What `error` ends a verb of ours with. */
export function ownExitCode(error: XspliceError): number {
  if (error.report.code === "sync/not-agreed") return ExitCode.refused;
  const isWrongUse = error instanceof UsageError || wrongUse.includes(error.report.code);
  return isWrongUse ? ExitCode.usage : ExitCode.failure;
}

/** What `error` ends a stock verb with. */
export function stockExitCode(error: unknown): number {
  if (!(error instanceof HostError)) return ExitCode.failure;
  const again = error.errno === Errno.EAGAIN || error.errno === Errno.EBUSY;
  return again || error.report.code === "host/timeout" ? ExitCode.retry : ExitCode.failure;
}
