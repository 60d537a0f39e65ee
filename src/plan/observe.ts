// Asks a host what it runs. All it knows of the host is the interface.

import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { HostInfo, ListedPayload, LivepatchHost } from "../host/host.ts";
import type { Journal } from "./journal-form.ts";
import { decodeJournal } from "./journal-json.ts";
import type { GivenPayload } from "./piece.ts";
import { type Reconstruction, reconstructState } from "./reconstruct.ts";

/** What a host says, and what is to be made of it. */
export interface HostView extends Reconstruction {
  readonly info: HostInfo;
  readonly list: readonly ListedPayload[];
  /** As it is written there, whether or not it fits. */
  readonly written: Journal | undefined;
  /** The same before it is decoded; `undefined` when there is none, or it could not be read. */
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

/** The hypervisor tells enough for most that can be asked; what hangs on the journal is unknown. */
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
