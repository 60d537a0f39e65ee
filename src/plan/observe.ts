// Reads from a host what it runs, through the LivepatchHost interface only.

import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { HostInfo, ListedPayload, LivepatchHost } from "../host/host.ts";
import type { Journal, JournalPayload } from "./journal-form.ts";
import { decodeJournal } from "./journal-json.ts";
import type { GivenPayload } from "./piece.ts";
import { type Reconstruction, reconstructState } from "./reconstruct.ts";

/** The data that a host reports, and the state derived from it. */
export interface HostView extends Reconstruction {
  readonly info: HostInfo;
  readonly list: readonly ListedPayload[];
  /** The journal as stored, whether or not it matches the host. */
  readonly written: Journal | undefined;
  /** The same before it is decoded; `undefined` when there is none, or reading it failed. */
  readonly journalText: string | undefined;
}

/**
 * @param files of payloads that may be loaded
 * @throws HostError when the host does not answer
 */
export async function observeHost(
  host: LivepatchHost,
  files: readonly GivenPayload[],
  options: CallOptions,
): Promise<HostView> {
  const info = await host.info(options);
  const read = await readJournal(host, options);
  const { journal, beforeBoot } = await goOnAfterBoot(host, read.journal, info.bootId, options);
  const list = await host.list(options);
  const nodeps = host.capabilities.noDependencies ? "possible" : "impossible";
  const reconstruction = reconstructState({ info, nodeps, list, journal, beforeBoot, files });
  const written = journal === "unreadable" ? undefined : journal;
  return { ...reconstruction, info, list, written, journalText: read.text };
}

type ReadOrNone = Journal | "unreadable" | undefined;

/**
 * A journal of another boot says nothing of this one, unless the dom0's own script has applied the same payloads
 * again: it did so in their order, from the same files.
 */
async function goOnAfterBoot(
  { boot }: LivepatchHost,
  journal: ReadOrNone,
  bootId: string | undefined,
  options: CallOptions,
): Promise<{ readonly journal: ReadOrNone; readonly beforeBoot?: readonly string[] | undefined }> {
  const isOther = journal !== undefined && journal !== "unreadable" && journal.bootId !== bootId;
  if (!isOther || bootId === undefined || boot === undefined) return { journal };
  const { last } = await boot.report(options);
  if (last?.bootId !== bootId || last.applied.length === 0) return { journal };
  const { scene, log, past } = journal;
  const loaded = last.applied.flatMap((name): JournalPayload[] => {
    const facts = scene.loaded.find((payload) => payload.name === name)?.facts;
    return facts === undefined ? [] : [{ name, facts, history: "never-reverted" }];
  });
  const again = { bootId, scene: { loaded, stack: last.applied }, log, past };
  const none = { pending: undefined, former: undefined, goal: undefined, lifted: undefined };
  return { journal: { ...again, ...none }, beforeBoot: scene.stack };
}

interface ReadJournal {
  readonly journal: Journal | "unreadable" | undefined;
  readonly text: string | undefined;
}

/** The hypervisor reports enough for most answers; those that need the journal are unknown. */
async function readJournal({ journal }: LivepatchHost, options: CallOptions): Promise<ReadJournal> {
  try {
    const text = await journal?.read(options);
    if (text === undefined) return { journal: undefined, text };
    return { journal: decodeJournal(text) ?? "unreadable", text };
  } catch (error) {
    const isUnreadable = error instanceof HostError && error.report.code === "host/journal";
    if (isUnreadable) return { journal: "unreadable", text: undefined };
    throw error;
  }
}
