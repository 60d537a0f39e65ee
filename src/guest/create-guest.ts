// Creates an HVM guest by hypercalls alone, up to its first instruction.

import { HostError } from "../host/errors.ts";
import type { Lab } from "../lab/lab.ts";
import { Errno } from "../xen-abi/errno.ts";
import { HVM_PARAM_VIRIDIAN } from "../xen-abi/hvm-guest.ts";
import type { DomainClient } from "../xen-call/domain-client.ts";
import { domainsOf } from "./domains.ts";
import { GuestError } from "./errors.ts";
import { type GuestOptions, guestMemoryMb, viridianValue } from "./guest-options.ts";
import { handleOfGuest } from "./handle.ts";
import type { GuestImage } from "./image.ts";
import { emptyMailbox, MAILBOX_ADDRESS } from "./mailbox.ts";
import { writeGuestMemory } from "./memory.ts";

const PAGE = 4096;
const MB = 1024 * 1024;
const MEMORY_MB = 4;
/** Of the hypervisor, for page tables: enough for both kinds of paging and one processor. */
const PAGING_MB = 4;
/** Pages of Xen's own that count as the guest's: grant tables, shared info. */
const SLACK_KB = 1024;

/** A guest whose memory is too small would fault at once, and nobody would see why. */
export function requireMemory(image: GuestImage, memoryMb: number | undefined): number {
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

export async function createGuest(
  lab: Lab,
  image: GuestImage,
  options: GuestOptions & { readonly memoryBytes: number },
): Promise<number> {
  const domains = domainsOf(lab);
  const { memoryBytes, paging = "hap", promisedPages = 0 } = options;
  const domain = await createDomain(lab, domains, paging);
  try {
    await lab.agent.atEnd(domain, await domains.destroyCall(domain)); // Should we be killed before its end.
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
