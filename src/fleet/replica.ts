// What one process knows of the store, and which of its own requests are open. One request for each key at a
// time: a second write before the answer to the first could only fail.

import {
  type Command,
  type Entry,
  type Key,
  type Kind,
  keyText,
  type Records,
  type StoreEvent,
} from "./store.ts";

export interface Replica {
  readonly entries: Entries;
  /** Requests that are open, or when to try again. */
  readonly open: ReadonlyMap<string, Open>;
}

type Entries = Readonly<Record<Kind, ReadonlyMap<string, Entry>>>;

type Open =
  | { readonly kind: "putting" | "reading" }
  /** It is not known whether the last write took place. */
  | { readonly kind: "unsure"; readonly key: Key; readonly retryAt: number };

const none: ReadonlyMap<string, Entry> = new Map();

export const emptyReplica: Replica = {
  entries: {
    session: none,
    claim: none,
    facts: none,
    order: none,
    ledger: none,
    plan: none,
    rollout: none,
    wanted: none,
  },
  open: new Map(),
};

const RETRY_MS = 1000;

export function entryOf<Of extends Kind>(
  { entries }: Replica,
  kind: Of,
  name: string,
): Entry<Records[Of]> | undefined {
  return entries[kind].get(name) as Entry<Records[Of]> | undefined;
}

export function isOpen({ open }: Replica, kind: Kind, name: string): boolean {
  return open.size > 0 && open.has(`${kind}.${name}`);
}

/** All events of a batch at once: what they do not change is not copied. */
export function absorb(replica: Replica, events: readonly StoreEvent[], now: number): Replica {
  if (events.length === 0) return replica;
  const entries: Record<Kind, ReadonlyMap<string, Entry>> = { ...replica.entries };
  const copies = new Map<Kind, Map<string, Entry>>();
  const keepNewer = ({ kind, name }: Key, entry: Entry): boolean => {
    if ((entries[kind].get(name)?.revision ?? 0) >= entry.revision) return false;
    const copy = copies.get(kind) ?? new Map(entries[kind]);
    copies.set(kind, copy);
    entries[kind] = copy.set(name, entry);
    return true;
  };
  let open = replica.open;
  const openCopy = (): Map<string, Open> => {
    const copy = open === replica.open ? new Map(open) : (open as Map<string, Open>);
    open = copy;
    return copy;
  };
  for (const event of events) {
    const text = keyText(event.key);
    if (event.kind === "refused") {
      const retryAt = event.why === "conflict" ? now : now + RETRY_MS;
      openCopy().set(text, { kind: "unsure", key: event.key, retryAt });
      continue;
    }
    const isNews = event.entry !== undefined && keepNewer(event.key, event.entry);
    const before = open.get(text);
    // What a watch brings ends no request that is open: its own answer is still to come.
    const isAnswer = event.kind !== "changed" || (isNews && before?.kind === "unsure");
    if (before !== undefined && isAnswer) openCopy().delete(text);
  }
  return { entries, open };
}

/** With the commands noted as open requests; and a read of each key of which the last write is not certain. */
export function request(
  replica: Replica,
  commands: readonly Command[],
  now: number,
): { readonly replica: Replica; readonly commands: readonly Command[] } {
  if (commands.length === 0 && replica.open.size === 0) return { replica, commands };
  const reads = [...replica.open.values()].flatMap((open): Command[] =>
    open.kind === "unsure" && open.retryAt <= now ? [{ kind: "read", key: open.key }] : [],
  );
  const all = [...reads, ...commands];
  if (!all.some(({ kind }) => kind === "put" || kind === "read")) return { replica, commands: all };
  const open = new Map(replica.open);
  for (const command of all) {
    if (command.kind === "put") open.set(keyText(command.key), { kind: "putting" });
    if (command.kind === "read") open.set(keyText(command.key), { kind: "reading" });
  }
  return { replica: { entries: replica.entries, open }, commands: all };
}

/** Nothing, while a request for that key is open. */
export function put<Of extends Kind>(
  replica: Replica,
  kind: Of,
  name: string,
  value: Records[Of],
  expected = entryOf(replica, kind, name)?.revision ?? 0,
): readonly Command[] {
  if (isOpen(replica, kind, name)) return [];
  return [{ kind: "put", key: { kind, name }, value, expected }];
}
