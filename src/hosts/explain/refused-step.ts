// A step that Xen refused, and what a person is told of it.

import type { Action } from "../../host/host.ts";

/** `query`: list, get, console. */
export type Step = "upload" | "query" | Action;

export interface Refusal {
  readonly step: Step;
  readonly name: string;
  /** Positive Xen error number; 0 when Xen said yes and did nothing. */
  readonly errno: number;
  /** What the hypervisor printed since the step began; "" where it cannot be read. */
  readonly console: string;
  /** A payload of this name was loaded before the upload: tells the meanings of -EEXIST apart. */
  readonly nameTaken?: boolean;
}

export interface Reason {
  /** The state of things, to come after "Cannot <verb> <object>: ". */
  readonly text: string;
  readonly expected?: string;
  readonly remedy?: string;
}
