// The common part of all kinds of host, on top of a connection that differs (host-link.ts): arguments
// that no Xen accepts are refused before they are sent, and each call has one deadline.

import type { BootStore } from "../host/boot-store.ts";
import type { CallOptions } from "../host/call-options.ts";
import type {
  Action,
  ActOptions,
  ActOutcome,
  ConsoleMark,
  ConsoleText,
  HostCapabilities,
  HostInfo,
  ListedPayload,
  LivepatchHost,
  PayloadStatus,
} from "../host/host.ts";
import type { JournalStore } from "../host/journal-store.ts";
import { statusOver } from "./action/by-step.ts";
import { checkName, checkUpload } from "./bad-argument.ts";
import { systemClock } from "./clock.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { uploadRefused } from "./explain/refusals.ts";
import type { HostLink } from "./host-link.ts";
import { requirePlausible } from "./plausible-list.ts";

export class LinkedHost implements LivepatchHost {
  readonly label: string;
  readonly capabilities: HostCapabilities;
  readonly journal: JournalStore;
  readonly boot: BootStore | undefined;
  readonly #link: HostLink;

  /** @param link is closed with the host */
  constructor(link: HostLink) {
    this.label = link.label;
    this.capabilities = link.capabilities;
    this.journal = link.journal;
    this.boot = link.boot;
    this.#link = link;
  }

  lock(options: CallOptions): Promise<AsyncDisposable | undefined> {
    return this.#link.lock(options);
  }

  async info(options: CallOptions): Promise<HostInfo> {
    return this.#link.info(this.#deadline(options));
  }

  async list(options: CallOptions): Promise<readonly ListedPayload[]> {
    return requirePlausible(await this.#link.list(this.#deadline(options)), this.label);
  }

  async status(name: string, options: CallOptions): Promise<PayloadStatus | undefined> {
    checkName(name);
    return statusOver(this.#link, name, this.#deadline(options));
  }

  async upload(name: string, payload: Uint8Array, options: CallOptions): Promise<void> {
    checkUpload(name, payload);
    const refusal = await this.#link.upload(name, payload, this.#deadline(options));
    if (refusal !== undefined) throw uploadRefused(this.label, { name, ...refusal });
  }

  async act(action: Action, name: string, options: ActOptions): Promise<ActOutcome> {
    checkName(name);
    return this.#link.act({ action, name }, options);
  }

  async console(since: ConsoleMark | undefined, options: CallOptions): Promise<ConsoleText> {
    return this.#link.console(since, this.#deadline(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link.close();
  }

  #deadline(options: CallOptions): Deadline {
    return startDeadline(this.label, options, systemClock);
  }
}
