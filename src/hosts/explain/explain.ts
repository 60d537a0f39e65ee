// Explains why Xen refused. Xen's own answer is one error number with many meanings; the console shows
// which one applies, in lines that by-message.ts knows. Without such a line, the number and the step
// must be enough (by-errno.ts).

import { reasonByErrno } from "./by-errno.ts";
import { reasonByMessages } from "./by-message.ts";
import { payloadMessages, waitQueueOf } from "./console-lines.ts";
import type { Reason, Refusal } from "./refused-step.ts";

export interface Explanation extends Reason {
  /** The console lines about this payload, at most the last few; undefined when there are none. */
  readonly where?: string;
}

const EVIDENCE_LINES_MAX = 4;

export function explain(refusal: Refusal): Explanation {
  const messages = payloadMessages(refusal.console, refusal.name);
  const reason = reasonByMessages(refusal.console, messages) ?? reasonByErrno(refusal);
  const waiting = waitQueueOf(refusal.console);
  const evidence = waiting === undefined ? messages : [`${waiting} found with active waitqueue`];
  if (evidence.length === 0) return reason;
  const lines = evidence.slice(-EVIDENCE_LINES_MAX).map((line) => `"${line}"`);
  return { ...reason, where: `hypervisor's console: ${lines.join("\n")}` };
}
