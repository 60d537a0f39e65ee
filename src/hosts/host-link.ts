// One connection to a hypervisor: what a kind of host must implement so that linked-host.ts can make a
// LivepatchHost of it. Each method is one request and its answer. Names and payloads are already
// checked, and a deadline is already running.

import type { BootStore } from "../host/boot-store.ts";
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
  readonly boot?: BootStore | undefined;
  /** @returns `undefined` when another process holds it */
  lock(options: CallOptions): Promise<AsyncDisposable | undefined>;
  info(deadline: Deadline): Promise<HostInfo>;
  list(deadline: Deadline): Promise<readonly ListedPayload[]>;
  /** Of one payload, where that costs less than the list. */
  status?(name: string, deadline: Deadline): Promise<PayloadStatus | undefined>;
  /** @returns the known reason of the refusal; an implementation that has its own message throws it */
  upload(name: string, payload: Uint8Array, deadline: Deadline): Promise<UploadRefusal | undefined>;
  /**
   * The whole action, to the verified outcome: here, step by step (action/by-step.ts), or by the other
   * end.
   */
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
