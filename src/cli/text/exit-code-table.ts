// The meanings of the exit codes, for the manual page and docs/cli.md.

import { ExitCode } from "../exit-code.ts";

export interface ExitCodeRow {
  readonly code: number;
  readonly meaning: string;
}

export const stockExitCodes: readonly ExitCodeRow[] = [
  { code: ExitCode.success, meaning: "done and confirmed, or no action needed" },
  { code: ExitCode.failure, meaning: "refused, failed, or used wrongly" },
  {
    code: ExitCode.retry,
    meaning: "busy or not finished in time (EBUSY, EAGAIN): try again",
  },
];

export const ownExitCodes: readonly ExitCodeRow[] = [
  { code: ExitCode.success, meaning: "done" },
  {
    code: ExitCode.failure,
    meaning: "failed; the message says what failed, where, and what to do",
  },
  { code: ExitCode.usage, meaning: "wrong usage of the command line; nothing was tried" },
];

/** Further exit codes of some of our own commands. */
export const moreExitCodes: Readonly<Record<string, readonly ExitCodeRow[]>> = {
  build: [
    {
      code: ExitCode.unpatchable,
      meaning: "the fix cannot be live patched; every reason is listed",
    },
    {
      code: ExitCode.unchanged,
      meaning: "the patch changes nothing that the hypervisor runs, or nothing but what is allowed",
    },
  ],
  matrix: [
    {
      code: ExitCode.incomplete,
      meaning: "a base failed, its fix cannot be live patched, or a proof did not close the hole",
    },
  ],
  rebuild: [
    { code: ExitCode.different, meaning: "the bytes differ, or no payload can be built here" },
  ],
  check: [
    { code: ExitCode.refused, meaning: "the hypervisor would refuse a payload" },
    { code: ExitCode.hazards, meaning: "Xen would accept them, but there are hazards" },
  ],
  plan: [{ code: ExitCode.refused, meaning: "there is no way; every reason is listed" }],
  sync: [
    { code: ExitCode.refused, meaning: "there is no way; every reason is listed" },
    {
      code: ExitCode.astray,
      meaning:
        "stopped after a failure; the host is neither in its old state nor in the wanted one, see the output",
    },
  ],
  update: [
    { code: ExitCode.refused, meaning: "there is no way, or nobody agreed to what would be lost" },
    {
      code: ExitCode.astray,
      meaning:
        "stopped after a failure; the host is neither in its old state nor in the wanted one, see the output",
    },
  ],
  status: [
    {
      code: ExitCode.incomplete,
      meaning: "the host does not run what the depot says, or a fix needs a reboot",
    },
  ],
  "depot publish": [
    {
      code: ExitCode.incomplete,
      meaning: "nothing is published: signatures of others are missing",
    },
  ],
  "depot refresh": [
    {
      code: ExitCode.incomplete,
      meaning: "nothing is published: signatures of others are missing",
    },
  ],
  "depot status": [
    {
      code: ExitCode.incomplete,
      meaning: "something is not published yet, or expires soon",
    },
  ],
  bisect: [
    {
      code: ExitCode.unnamed,
      meaning:
        "no single fix can be named: the check gives the same result for all, or cannot tell for some",
    },
  ],
  probe: [{ code: ExitCode.different, meaning: "the host's code is not what the payload expects" }],
  prove: [
    {
      code: ExitCode.notClosed,
      meaning: "the hole shows with the payload, too, or the hypervisor is not well with it",
    },
    {
      code: ExitCode.notShown,
      meaning:
        "nothing is proved: this hypervisor does not have the hole, lacks what the trigger needs, or a run showed something else",
    },
  ],
  "lab guest run": [
    {
      code: ExitCode.guestFailed,
      meaning:
        "the guest ended with an exit code of its own, was ended by Xen, ran too long, or took the hypervisor down",
    },
  ],
  "boot enable": [
    {
      code: ExitCode.incomplete,
      meaning: "enabled, and the next boot will not bring back all that is applied now",
    },
  ],
  "boot status": [
    {
      code: ExitCode.incomplete,
      meaning: "there is something to look at; every reason is listed",
    },
  ],
  diff: [{ code: ExitCode.different, meaning: "the payloads differ" }],
};

export const commonExitCodes: readonly ExitCodeRow[] = [
  { code: ExitCode.bug, meaning: "a bug in xsplice" },
  { code: ExitCode.interrupted, meaning: "stopped by ^C or SIGTERM; no files are left behind" },
];
