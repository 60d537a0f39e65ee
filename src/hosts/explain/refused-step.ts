// A step that Xen refused, and the message for the user.

import type { Action } from "../../host/host.ts";

/** `query`: list, get, console. */
export type Step = "upload" | "query" | Action;

export interface Refusal {
  readonly step: Step;
  readonly name: string;
  /** Positive Xen error number; 0 when Xen reported success and did nothing. */
  readonly errno: number;
  /** What the hypervisor printed since the step began; "" where it cannot be read. */
  readonly console: string;
  /** A payload of this name was loaded before the upload: decides between the meanings of -EEXIST. */
  readonly nameTaken?: boolean;
}

export interface Reason {
  /** The state that follows "Cannot <verb> <object>: ". */
  readonly text: string;
  readonly expected?: string;
  readonly remedy?: string;
}
