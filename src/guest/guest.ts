// One virtual machine of a lab, seen from dom0: created from an image, watched, and destroyed. Made of
// hypercalls alone: no toolstack knows of it, and none is needed.

import { HostError } from "../host/errors.ts";
import { LabError } from "../lab/errors.ts";
import type { Lab } from "../lab/lab.ts";
import { Errno } from "../xen-abi/errno.ts";
import { HVM_PARAM_VIRIDIAN } from "../xen-abi/hvm-guest.ts";
import { DomainClient } from "../xen-call/domain-client.ts";
import { ProxyTransport } from "../xen-call/proxy.ts";
import { GuestError } from "./errors.ts";
import { type GuestOptions, guestMemoryMb, viridianValue } from "./guest-options.ts";
import { handleOfGuest } from "./handle.ts";
import type { GuestImage } from "./image.ts";
import {
  emptyMailbox,
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

const PAGE = 4096;
const MB = 1024 * 1024;
const MEMORY_MB = 4;
/** Of the hypervisor, for page tables: enough for both kinds of paging and one processor. */
const PAGING_MB = 4;
/** Pages of Xen's own that count as the guest's: grant tables, shared info. */
const SLACK_KB = 1024;

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

export function domainsOf(lab: Lab): DomainClient {
  return new DomainClient(new ProxyTransport(lab.agent));
}

export class Guest implements AsyncDisposable {
  readonly domain: number;
  readonly #lab: Lab;
  readonly #domains: DomainClient;
  #written = 0;

  /** One that exists; start() and find() are for those that may not. */
  constructor(lab: Lab, domain: number) {
    this.#lab = lab;
    this.#domains = domainsOf(lab);
    this.domain = domain;
  }

  /**
   * Creates and starts it. Nothing is left of one that could not be started.
   * @throws GuestError, HostError, LabError
   */
  static async start(lab: Lab, image: GuestImage, options: GuestOptions = {}): Promise<Guest> {
    const memoryBytes = requireMemory(image, options.memoryMb);
    return new Guest(lab, await lab.guard(create(lab, image, { ...options, memoryBytes })));
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

  async destroy(): Promise<void> {
    await this.#lab.guard(this.#domains.destroy(this.domain));
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

/** A guest whose memory is too small would fault at once, and nobody would see why. */
function requireMemory(image: GuestImage, memoryMb: number | undefined): number {
  const neededMb = Math.ceil(image.end / MB);
  const wantedMb = memoryMb ?? Math.max(MEMORY_MB, neededMb);
  const { min, max } = guestMemoryMb;
  if (Number.isInteger(wantedMb) && wantedMb >= Math.max(min, neededMb) && wantedMb <= max) {
    return wantedMb * MB;
  }
  throw new GuestError({
    code: "guest/bad-argument",
    problem: `Cannot start a guest with ${wantedMb} MiB of memory: ${wantedMb < neededMb ? `its program needs ${neededMb}` : "that is no possible size"}`,
    expected: `whole MiB, ${Math.max(min, neededMb)} to ${max}`,
  });
}

async function create(
  lab: Lab,
  image: GuestImage,
  options: GuestOptions & { readonly memoryBytes: number },
): Promise<number> {
  const domains = domainsOf(lab);
  const { memoryBytes, paging = "hap", promisedPages = 0 } = options;
  const domain = await createDomain(lab, domains, paging);
  try {
    const kilobytes = (memoryBytes + promisedPages * PAGE) / 1024 + SLACK_KB;
    await domains.makeRoom(domain, kilobytes, PAGING_MB);
    const count = memoryBytes / PAGE;
    await domains.populate(domain, { first: 0, count }, "now");
    if (promisedPages > 0) {
      await domains.populate(domain, { first: count, count: promisedPages }, "on-demand");
      await domains.setPodTarget(domain, count + Math.ceil(promisedPages / 2));
    }
    await setViridian(lab, domains, domain, options.viridian);
    for (const [index, value] of options.parameters ?? []) {
      await domains.setParam(domain, index, value);
    }
    await writeGuestMemory(lab, domain, MAILBOX_ADDRESS, emptyMailbox());
    for (const { address, bytes } of image.pieces) {
      await writeGuestMemory(lab, domain, address, bytes);
    }
    await domains.setUp(domain, image.entry);
    await domains.unpause(domain);
    return domain;
  } catch (error) {
    await domains.destroy(domain).catch(() => undefined); // The first reason counts.
    throw error;
  }
}

async function setViridian(
  lab: Lab,
  domains: DomainClient,
  domain: number,
  parts: GuestOptions["viridian"],
): Promise<void> {
  const value = viridianValue(parts);
  if (value === undefined) return;
  try {
    await domains.setParam(domain, HVM_PARAM_VIRIDIAN, value);
  } catch (error) {
    if (!(error instanceof HostError) || error.errno !== Errno.EINVAL) throw error;
    throw new GuestError(
      {
        code: "guest/unsupported",
        problem: `Cannot give a guest of ${lab.label} these parts of the Viridian interface: this Xen does not have all of ${parts?.join(", ")}`,
      },
      { cause: error },
    );
  }
}

async function createDomain(
  lab: Lab,
  domains: DomainClient,
  paging: "hap" | "shadow",
): Promise<number> {
  try {
    return await domains.create({ handle: handleOfGuest.make(), paging });
  } catch (error) {
    if (!(error instanceof HostError) || error.report.code !== "host/refused") throw error;
    throw new GuestError(
      {
        code: "guest/unsupported",
        problem: `Cannot create a guest in ${lab.label}: ${error.report.problem}`,
        expected: `a hypervisor with HVM guests${paging === "hap" ? " and nested paging" : " and shadow paging"} on this processor; its console says "HVM: " and what it found`,
        remedy: 'see "xsplice lab console" for what this one has found',
      },
      { cause: error },
    );
  }
}
