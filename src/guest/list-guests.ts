// The virtual machines of a lab as a list for people.

import type { Lab } from "../lab/lab.ts";
import { domainsOf } from "./domains.ts";
import { Guest } from "./guest.ts";
import { handleOfGuest } from "./handle.ts";

export interface ListedGuest {
  /** The number that Xen gave it. */
  readonly guest: number;
  readonly state: "running" | "ended" | "rebooted" | "crashed" | "gone";
  /** Started by xSplice, and so one that may be killed. */
  readonly isOurs: boolean;
  readonly memoryMb: number;
  readonly cpuSeconds: number;
  /** How often one that was written with the kit has counted. */
  readonly count: number | undefined;
}

const PAGES_PER_MB = 256;

/** @throws HostError, LabError */
export async function listGuests(lab: Lab): Promise<readonly ListedGuest[]> {
  const infos = await lab.guard(domainsOf(lab).list());
  const listed: ListedGuest[] = [];
  for (const { domain, handle, memoryPages, cpuTimeNs } of infos) {
    const isOurs = handleOfGuest.isOurs(handle);
    const guest = new Guest(lab, domain);
    const count = isOurs ? (await guest.mailbox())?.count : undefined;
    listed.push({
      guest: domain,
      state: (await guest.end())?.kind ?? "running",
      isOurs,
      memoryMb: memoryPages / PAGES_PER_MB,
      cpuSeconds: Number(cpuTimeNs) / 1e9,
      count: count === undefined ? undefined : Number(count),
    });
  }
  return listed;
}
