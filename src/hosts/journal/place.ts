// Where a dom0 keeps its journal. The journal tells of the machine's hypervisor, so all who drive it
// find it in the same place.

export const JOURNAL_FOLDER = "/var/lib/xsplice";
export const JOURNAL_FILE = "journal.json";
/** Locked by whoever moves the host from one set of payloads to another. */
export const LOCK_FILE = "sync.lock";

/** For a journal that could not be read when somebody wanted to write the next one. */
export function nameAside(at: Date): string {
  return `journal.unread-${at.toISOString().replaceAll(":", "-")}.json`;
}
