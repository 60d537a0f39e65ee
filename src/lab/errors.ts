// How a lab says no, and how it says that its hypervisor died.

import { type ErrorReport, XspliceError } from "../error.ts";

export type LabErrorCode =
  /** A word or number that no lab can be started with. */
  | "lab/bad-argument"
  /** A file that was named is not there. */
  | "lab/missing-file"
  /** A lab of that name is up. */
  | "lab/name-taken"
  /** Something that is made on this machine could not be made: agent, image, run directory. */
  | "lab/build-failed"
  /** QEMU did not start, or ended before the lab was up. */
  | "lab/boot-failed"
  /** No detached lab of that name, or one too many. */
  | "lab/unknown"
  /** Its QEMU does not answer. */
  | "lab/no-answer"
  /** Another client uses every way in. */
  | "lab/busy"
  /** An address that is not mapped, or QEMU would not give the memory. */
  | "lab/memory"
  /** The hypervisor or dom0 died, or dom0 does not answer any more. */
  | "lab/crashed";

export class LabError extends XspliceError<LabErrorCode> {
  /** Of lab/crashed. */
  readonly crash: CrashReport | undefined;

  constructor(report: ErrorReport<LabErrorCode>, options?: ErrorOptions & { crash?: CrashReport }) {
    super(report, options);
    this.crash = options?.crash;
  }
}

export interface CrashReport {
  readonly kind: /** Xen printed a panic. */
    | "hypervisor-panic"
    /** Xen says that dom0 is gone. */
    | "dom0-down"
    /** dom0's agent has not answered for a long time. */
    | "dom0-hung"
    /** QEMU ended, without a word from Xen. */
    | "machine-ended";
  /** Last lines of the hypervisor's console. */
  readonly console: string;
}

const CRASH_WORDS: Readonly<Record<CrashReport["kind"], string>> = {
  "hypervisor-panic": "hypervisor crashed",
  "dom0-down": "dom0 crashed or was shut down",
  "dom0-hung": "dom0 hangs: its agent does not answer any more",
  "machine-ended": "its QEMU ended",
};

export function crashError(label: string, crash: CrashReport): LabError {
  return new LabError(
    {
      code: "lab/crashed",
      problem: `Cannot go on with ${label}: ${CRASH_WORDS[crash.kind]}`,
      where: `the end of its console:\n${crash.console}`,
      remedy: "start a new lab",
    },
    { crash },
  );
}
