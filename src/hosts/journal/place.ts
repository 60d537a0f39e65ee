// The place of a dom0's journal. The journal describes the machine's hypervisor, so everyone who
// manages it must find it in the same place.

export const JOURNAL_FOLDER = "/var/lib/xsplice";
export const JOURNAL_FILE = "journal.json";
/** Locked by the process that moves the host from one set of payloads to another. */
export const LOCK_FILE = "sync.lock";

/** For a journal that could not be read when the next one was to be written. */
export function nameAside(at: Date): string {
  return `journal.unread-${at.toISOString().replaceAll(":", "-")}.json`;
}
