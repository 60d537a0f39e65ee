// One virtual machine of a lab, seen from dom0: created from an image, watched, and destroyed. Made of
// hypercalls alone: no toolstack knows of it, and none is needed.

import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "../host/errors.ts";
import { LabError } from "../lab/errors.ts";
import type { Lab } from "../lab/lab.ts";
import type { DomainClient } from "../xen-call/domain-client.ts";
import { createGuest, requireMemory } from "./create-guest.ts";
import { domainsOf } from "./domains.ts";
import { GuestError } from "./errors.ts";
import type { GuestOptions } from "./guest-options.ts";
import { handleOfGuest } from "./handle.ts";
import type { GuestImage } from "./image.ts";
import {
  MAILBOX_ADDRESS,
  MAILBOX_SIZE,
  type Mailbox,
  newText,
  RESET_GAP,
  readMailbox,
  TEXT_ADDRESS,
  TEXT_SIZE,
} from "./mailbox.ts";
import { readGuestMemory, writeGuestMemory } from "./memory.ts";

/** Why a guest does not run any more. */
export type GuestEnd =
  /** It stopped its processor, or asked to be switched off; with its own exit code when it gave one. */
  | { readonly kind: "ended"; readonly exitCode: number | undefined }
  /** Three faults in a row, or it asked for a reboot. */
  | { readonly kind: "rebooted" }
  /** Xen ended it for a mistake, and said why on its console. */
  | { readonly kind: "crashed" }
  /** Somebody destroyed it. */
  | { readonly kind: "gone" };

/** What is left of a destroyed one: "held" if somebody has mapped its memory, so that Xen keeps its number. */
export type Remains = "none" | "held";

/** Xen removes it when all CPUs have passed a quiet point. */
const VANISH_MAX_MS = 3_000;
const VANISH_POLL_MS = 5;

/** Where a guest differs from one that is made of hypercalls alone. */
export interface OwnWays {
  /** All that it has printed; by its mailbox if undefined. */
  readonly text?: () => Promise<string>;
  readonly destroy?: () => Promise<void>;
  /** From here on it outlives its starter. */
  readonly keep?: () => Promise<void>;
}

export class Guest implements AsyncDisposable {
  readonly domain: number;
  readonly #lab: Lab;
  readonly #domains: DomainClient;
  readonly #own: OwnWays;
  #written = 0;

  /** One that exists; start() and find() are for those that may not. */
  constructor(lab: Lab, domain: number, own: OwnWays = {}) {
    this.#lab = lab;
    this.#own = own;
    this.#domains = domainsOf(lab);
    this.domain = domain;
  }

  /**
   * Creates and starts it. Nothing is left of one that could not be started, nor of one whose starter lost its
   * connection to the lab, by kill -9 perhaps, unless keep() was called.
   * @throws GuestError, HostError, LabError
   */
  static async start(lab: Lab, image: GuestImage, options: GuestOptions = {}): Promise<Guest> {
    requireX86(lab);
    const memoryBytes = requireMemory(image, options.memoryMb);
    return new Guest(lab, await lab.guard(createGuest(lab, image, { ...options, memoryBytes })));
  }

  /** A guest of this lab that somebody else started. @throws GuestError guest/unknown */
  static async find(lab: Lab, domain: number): Promise<Guest> {
    const info = await lab.guard(domainsOf(lab).info(domain));
    if (info !== undefined && handleOfGuest.isOurs(info.handle)) return new Guest(lab, domain);
    throw new GuestError({
      code: "guest/unknown",
      problem: `Cannot find guest ${domain} of ${lab.label}: ${info === undefined ? "no such virtual machine runs" : "it was started by somebody else"}`,
      remedy: 'see "xsplice lab guest list" for those that run',
    });
  }

  /** `undefined` while it runs. @throws HostError, LabError when the hypervisor or dom0 is dead */
  async end(): Promise<GuestEnd | undefined> {
    const info = await this.#lab.guard(this.#domains.info(this.domain));
    if (info === undefined || info.isDying) return { kind: "gone" };
    switch (info.shutdown) {
      case undefined:
        return undefined;
      case "poweroff":
        return { kind: "ended", exitCode: (await this.mailbox())?.exitCode };
      case "crash":
        return { kind: "crashed" };
      default:
        return { kind: "rebooted" };
    }
  }

  /** `undefined` when the guest was not written with the kit, has not begun, or is gone. */
  async mailbox(): Promise<Mailbox | undefined> {
    const bytes = await this.#read(MAILBOX_ADDRESS, MAILBOX_SIZE);
    return bytes && readMailbox(bytes);
  }

  /** What it has printed since the last call; what came too fast is counted, not kept. */
  async newText(): Promise<{ readonly text: string; readonly lostBytes: number }> {
    if (this.#own.text !== undefined) {
      const text = (await this.#own.text()).slice(this.#written);
      this.#written += text.length;
      return { text, lostBytes: 0 };
    }
    const mailbox = await this.mailbox();
    if (mailbox === undefined || mailbox.written === this.#written) {
      return { text: "", lostBytes: 0 };
    }
    const ring = await this.#read(TEXT_ADDRESS, TEXT_SIZE);
    if (ring === undefined) return { text: "", lostBytes: 0 };
    const found = newText(ring, this.#written, mailbox.written);
    this.#written = mailbox.written;
    return found;
  }

  /** The longest time without a count is measured anew from here on. */
  async forgetGaps(): Promise<void> {
    await writeGuestMemory(this.#lab, this.domain, MAILBOX_ADDRESS + RESET_GAP, Uint8Array.of(1));
  }

  /** It runs on when this process ends or leaves the lab; before, it would have been destroyed then. */
  async keep(): Promise<void> {
    await this.#own.keep?.();
    await this.#lab.guard(this.#lab.agent.atEnd(this.domain, undefined));
  }

  /** One that is gone already is no error. */
  async destroy(): Promise<Remains> {
    await this.#own.destroy?.();
    await this.#lab.guard(this.#domains.destroy(this.domain));
    await this.#lab.guard(this.#lab.agent.atEnd(this.domain, undefined)); // Its number may be another's.
    const deadline = performance.now() + VANISH_MAX_MS;
    while ((await this.#lab.guard(this.#domains.info(this.domain))) !== undefined) {
      if (performance.now() > deadline) return "held";
      await sleep(VANISH_POLL_MS);
    }
    return "none";
  }

  /** Of a dead lab nothing needs to be freed, and what killed it is told by who waited for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.destroy();
    } catch (error) {
      if (!isLostContact(error)) throw error;
    }
  }

  async #read(address: number, length: number): Promise<Uint8Array | undefined> {
    return await readGuestMemory(this.#lab, this.domain, address, length);
  }
}

function isLostContact(error: unknown): boolean {
  if (error instanceof LabError) return error.report.code === "lab/crashed";
  if (error instanceof HostError) return error.report.code === "host/unreachable";
  return false;
}

function requireX86({ info, label }: Lab): void {
  if (info.architecture === undefined) return;
  throw new GuestError({
    code: "guest/unsupported",
    problem: `Cannot start a guest in ${label}: it is for ${info.architecture}`,
    expected: "a lab for x86_64, whose guests are",
    remedy: "start one without --arch",
  });
}
