// Why a lab operation failed, including crashes of its hypervisor.

import { type ErrorReport, XspliceError } from "../error.ts";

export type LabErrorCode =
  /** A word or number that is not valid for a lab. */
  | "lab/bad-argument"
  /** A named file does not exist. */
  | "lab/missing-file"
  /** No hypervisor that this lab's machine can boot. */
  | "lab/bad-image"
  /** Symbols of another build of the hypervisor. */
  | "lab/wrong-symbols"
  /** A lab of that name is running. */
  | "lab/name-taken"
  /** Something that is built on this machine failed: agent, image, run directory. */
  | "lab/build-failed"
  /** QEMU did not start, or ended before the lab was up. */
  | "lab/boot-failed"
  /** No detached lab of that name, or more than one. */
  | "lab/unknown"
  /** Its QEMU does not answer. */
  | "lab/no-answer"
  /** All its connections are in use by other clients. */
  | "lab/busy"
  /** An address that is not mapped, or QEMU refused to read the memory. */
  | "lab/memory"
  /** The hypervisor or dom0 crashed, or dom0 does not answer any more. */
  | "lab/crashed";

export class LabError extends XspliceError<LabErrorCode> {
  /** Details of lab/crashed. */
  readonly crash: CrashReport | undefined;

  constructor(report: ErrorReport<LabErrorCode>, options?: ErrorOptions & { crash?: CrashReport }) {
    super(report, options);
    this.crash = options?.crash;
  }
}

export interface CrashReport {
  readonly kind: /** Xen printed a panic. */
    | "hypervisor-panic"
    /** Xen reports that dom0 has ended. */
    | "dom0-down"
    /** dom0's agent has not answered for a long time. */
    | "dom0-hung"
    /** QEMU ended, without a message from Xen. */
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
