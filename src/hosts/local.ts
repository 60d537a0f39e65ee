// The hypervisor below this dom0.

import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import type { LivepatchHost } from "../host/host.ts";
import { XenClient } from "../xen-call/client.ts";
import { openPrivcmd } from "../xen-call/privcmd.ts";
import { BOOT_SCRIPT } from "./boot/script-text.ts";
import { ScriptBootStore } from "./boot/store.ts";
import { FileJournal } from "./journal/file.ts";
import { JOURNAL_FOLDER, LOCK_FILE } from "./journal/place.ts";
import { holdLockFile } from "./lock-file.ts";
import { runHere } from "./run-here.ts";
import { openXenHost } from "./xen-link.ts";

export const BOOT_ID_PATH = "/proc/sys/kernel/random/boot_id";

/** @throws HostError host/unreachable: no Xen here, no privcmd, no permission */
export async function openLocalHost(signal?: AbortSignal): Promise<LivepatchHost> {
  const client = new XenClient(await openPrivcmd());
  try {
    const readBootId = async (): Promise<string> => (await readFile(BOOT_ID_PATH, "utf8")).trim();
    const journal = new FileJournal(JOURNAL_FOLDER);
    const label = "this dom0";
    const machine = os.machine();
    const boot = new LocalBootStore(label, runHere);
    const parts = { label, client, machine, readBootId, journal, boot, lock: lockDom0 };
    return await openXenHost(parts, signal);
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/** As share/boot/manage.sh does it: a shell for each look takes longer than the rest of an action. */
class LocalBootStore extends ScriptBootStore {
  override async isEnabled(): Promise<boolean> {
    return existsSync(BOOT_SCRIPT);
  }
}

async function lockDom0(): Promise<AsyncDisposable | undefined> {
  // If it cannot be created, taking the lock reports why.
  await mkdir(JOURNAL_FOLDER, { recursive: true, mode: 0o700 }).catch(() => undefined);
  return await holdLockFile(join(JOURNAL_FOLDER, LOCK_FILE));
}
