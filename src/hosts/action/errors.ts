// The ways in which an action can fail, as errors.

import { HostError } from "../../host/errors.ts";
import type { Action, PayloadStatus } from "../../host/host.ts";
import { Errno, nameOfErrno } from "../../xen-abi/errno.ts";
import { payloadMessages, revertTopOf, unexpectedCodeOf } from "../explain/console-lines.ts";
import { explain } from "../explain/explain.ts";
import { describeStatus } from "../status.ts";
import type { MissEvidence } from "./verdict.ts";

/** The subject of an action, for every message. */
export interface Subject {
  readonly action: Action;
  readonly name: string;
  /** Of the host. */
  readonly label: string;
}

export function unknownPayload(subject: Subject): HostError {
  return new HostError(
    {
      code: "host/unknown-payload",
      problem: `${cannot(subject)}: no payload of this name is loaded`,
      remedy: "upload it first; `list` shows what is loaded",
    },
    { errno: Errno.ENOENT },
  );
}

export function wrongState(subject: Subject, status: PayloadStatus): HostError {
  return new HostError(
    {
      code: "host/wrong-state",
      problem: `${cannot(subject)}: it is ${describeStatus(status)}`,
      expected: "checked (loaded, not applied)",
      remedy: "revert it first",
    },
    { errno: Errno.EINVAL },
  );
}

/** Xen would report success and keep the others applied. */
export function replaceBesideOthers(subject: Subject, others: readonly string[]): HostError {
  return new HostError({
    code: "host/wrong-state",
    problem: `${cannot(subject)}: it is applied already, and so is ${quoted(others)}`,
    expected: "a payload that is checked (loaded, not applied)",
    remedy: `revert the payloads that are not wanted, the newest first`,
  });
}

export function notOnTop(subject: Subject, console: string): HostError {
  const top = revertTopOf(console);
  const first = top === undefined ? "another payload was" : `"${top}" was`;
  return new HostError(
    {
      code: "host/wrong-state",
      problem: `${cannot(subject)}: ${first} applied after it`,
      expected: "the payload that was applied last",
      remedy: top === undefined ? "revert the newer ones first" : `revert "${top}" first`,
    },
    { errno: Errno.EBUSY },
  );
}

/** This payload was not changed; the action may be tried again. */
export function neverMet(
  subject: Subject,
  facts: {
    readonly retries: number;
    readonly evidence: MissEvidence;
    readonly console: string;
    readonly reverted: readonly string[];
  },
): HostError {
  const said = payloadMessages(facts.console, subject.name).at(-1);
  return new HostError(
    {
      code: "host/action-failed",
      problem: `${cannot(subject)}: the hypervisor was busy at ${facts.retries} attempts, EBUSY (16)${aftermath(facts.reverted)}`,
      ...(said === undefined ? {} : { where: `hypervisor's console: "${said}"` }),
      ...(facts.evidence === "said" ? tryLonger(subject) : lookAtHooks),
    },
    { errno: Errno.EBUSY },
  );
}

function tryLonger({ action }: Subject): Pick<HostError["report"], "expected" | "remedy"> {
  const isOnTop = action === "revert" ? "; is it the payload that was applied last?" : "";
  return {
    expected: "all CPUs meet within the time limit, which grew with each attempt",
    remedy: `try again when the host is less busy, or allow more time${isOnTop}`,
  };
}

const lookAtHooks = {
  expected: 'a line "Timed out on semaphore", which Xen prints when its CPUs do not meet in time',
  remedy:
    "if the payload has an apply or revert hook, find out why it returned EBUSY; if not, the log level of the console hides Xen's errors",
} as const;

export function stillUnderWay(subject: Subject, deadlineMs: number): HostError {
  return new HostError(
    {
      code: "host/timeout",
      problem: `${cannot(subject)}: the hypervisor still has pending work after ${deadlineMs} ms`,
      remedy: "check the status later: the action may still take place",
    },
    { errno: Errno.EAGAIN },
  );
}

export function gone(subject: Subject): HostError {
  return new HostError(
    {
      code: "host/unknown-payload",
      problem: `${cannot(subject)}: somebody else unloaded it meanwhile`,
      remedy: "look at the list of payloads",
    },
    { errno: Errno.ENOENT },
  );
}

export function attemptFailed(
  subject: Subject,
  facts: {
    readonly kind: "refused" | "failed";
    /** 0 when Xen reported success and did nothing. */
    readonly errno: number;
    readonly console: string;
    readonly reverted: readonly string[];
  },
): HostError {
  const { text, ...rest } = explain({ step: subject.action, name: subject.name, ...facts });
  const number = facts.errno === 0 ? "" : `, ${nameOfErrno(facts.errno)}`;
  return new HostError(
    {
      code: facts.kind === "refused" ? "host/refused" : "host/action-failed",
      problem: `${cannot(subject)}: ${text}${number}${aftermath(facts.reverted)}`,
      ...rest,
    },
    {
      ...(facts.errno === 0 ? {} : { errno: facts.errno }),
      unexpectedCode: unexpectedCodeOf(facts.console, subject.name),
    },
  );
}

function cannot(subject: Subject): string {
  const object = `payload "${subject.name}" on ${subject.label}`;
  return subject.action === "replace"
    ? `Cannot replace all applied payloads by ${object}`
    : `Cannot ${subject.action} ${object}`;
}

/** Replace cannot be undone: payloads that it reverted stay reverted. */
function aftermath(reverted: readonly string[]): string {
  return reverted.length === 0
    ? ""
    : `; on the way Xen reverted ${quoted(reverted)}, which the host now runs WITHOUT`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
