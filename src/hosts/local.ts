// The hypervisor below this very dom0.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LivepatchHost } from "../host/host.ts";
import { XenClient } from "../xen-call/client.ts";
import { openPrivcmd } from "../xen-call/privcmd.ts";
import { FileJournal } from "./journal/file.ts";
import { JOURNAL_FOLDER, LOCK_FILE } from "./journal/place.ts";
import { openXenHost } from "./xen-link.ts";

export const BOOT_ID_PATH = "/proc/sys/kernel/random/boot_id";

/** @throws HostError host/unreachable: no Xen here, no privcmd, no permission */
export async function openLocalHost(signal?: AbortSignal): Promise<LivepatchHost> {
  const client = new XenClient(await openPrivcmd());
  try {
    const readBootId = async (): Promise<string> => (await readFile(BOOT_ID_PATH, "utf8")).trim();
    const journal = new FileJournal(JOURNAL_FOLDER);
    const lockPath = join(JOURNAL_FOLDER, LOCK_FILE);
    const parts = { label: "this dom0", client, readBootId, journal, lockPath };
    return await openXenHost(parts, signal);
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}
