// Reads from a host what it runs, through the LivepatchHost interface only.

import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { HostInfo, ListedPayload, LivepatchHost } from "../host/host.ts";
import type { Journal } from "./journal-form.ts";
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
  const { journal, text: journalText } = await readJournal(host, options);
  const list = await host.list(options);
  const nodeps = host.capabilities.noDependencies ? "possible" : "impossible";
  const reconstruction = reconstructState({ info, nodeps, list, journal, files });
  const written = journal === "unreadable" ? undefined : journal;
  return { ...reconstruction, info, list, written, journalText };
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
