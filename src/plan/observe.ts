// Asks a host what it runs. All it knows of the host is the interface.

import type { CallOptions, HostInfo, ListedPayload, LivepatchHost } from "../host/host.ts";
import type { Journal } from "./journal.ts";
import { decodeJournal } from "./journal-json.ts";
import type { GivenPayload } from "./piece.ts";
import { type Reconstruction, reconstructState } from "./reconstruct.ts";

/** What a host says, and what is to be made of it. */
export interface HostView extends Reconstruction {
  readonly info: HostInfo;
  readonly list: readonly ListedPayload[];
  /** As it is written there, whether or not it fits. */
  readonly written: Journal | undefined;
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
  const text = await host.journal?.read(options);
  const list = await host.list(options);
  const written = text === undefined ? undefined : decodeJournal(text);
  const nodeps = host.capabilities.noDependencies ? "possible" : "impossible";
  const reconstruction = reconstructState({ info, nodeps, list, journal: written, files });
  return { ...reconstruction, info, list, written };
}
