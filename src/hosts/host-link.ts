// One way to a hypervisor: what a kind of host has to offer so that linked-host.ts makes a LivepatchHost
// of it. Each method is one question and its answer. Names and payloads have been looked at before, and
// a deadline runs already.

import type { CallOptions } from "../host/call-options.ts";
import type {
  ActOptions,
  ActOutcome,
  ConsoleMark,
  ConsoleText,
  HostCapabilities,
  HostInfo,
  ListedPayload,
  PayloadStatus,
} from "../host/host.ts";
import type { JournalStore } from "../host/journal-store.ts";
import type { ActRequest } from "./action/target.ts";
import type { Deadline } from "./deadline.ts";

export interface HostLink {
  readonly label: string;
  readonly capabilities: HostCapabilities;
  readonly journal: JournalStore;
  /** @returns `undefined` when somebody else has it */
  lock(options: CallOptions): Promise<AsyncDisposable | undefined>;
  info(deadline: Deadline): Promise<HostInfo>;
  list(deadline: Deadline): Promise<readonly ListedPayload[]>;
  /** Of one payload, where that costs less than the list. */
  status?(name: string, deadline: Deadline): Promise<PayloadStatus | undefined>;
  /** @returns what is known of why the hypervisor refused; whoever has the words already throws */
  upload(name: string, payload: Uint8Array, deadline: Deadline): Promise<UploadRefusal | undefined>;
  /** All of it, to the verified outcome: here, step by step (action/by-step.ts), or by the other end. */
  act(request: ActRequest, options: ActOptions): Promise<ActOutcome>;
  console(since: ConsoleMark | undefined, deadline: Deadline): Promise<ConsoleText>;
  close(): Promise<void>;
}

export interface UploadRefusal {
  /** Positive Xen error number. */
  readonly errno: number;
  /** A payload of this name was loaded before. */
  readonly nameTaken: boolean;
  /** What the hypervisor printed meanwhile; "" where it cannot be read. */
  readonly console: string;
}
