// The small interface that act() needs, and every kind of host has.

import type { Action, ActOptions, PayloadStatus } from "../../host/host.ts";

/** What a kind of host has to offer so that act() can do the rest. */
export interface ActTarget {
  readonly label: string;
  status(name: string): Promise<PayloadStatus | undefined>;
  appliedNames(): Promise<readonly string[]>;
  /** Xen's immediate answer: 0 when it accepted the action, otherwise the positive error number. */
  start(request: StartRequest): Promise<number>;
  /** Reads what the hypervisor printed since now; `undefined` where the console cannot be read. */
  watchConsole(): Promise<ReadConsole>;
}

export type ReadConsole = () => Promise<string | undefined>;

export interface ActRequest {
  readonly action: Action;
  readonly name: string;
}

export interface StartRequest
  extends ActRequest,
    Pick<ActOptions, "dependencyCheck" | "quiesceMs"> {}
