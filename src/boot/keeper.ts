// Keeps for a host's next boot what commands have applied, where that is wanted. It is done once, at the end of
// a command: until then the host has what was applied before, which is what a crash in the middle should lead to.

import type { KeepOutcome } from "../host/boot-store.ts";
import type { CallOptions } from "../host/call-options.ts";
import type { LivepatchHost } from "../host/host.ts";
import { observeHost } from "../plan/observe.ts";
import type { GivenPayload } from "../plan/piece.ts";
import { keptSetOf } from "./kept-set.ts";

export class BootKeeper {
  readonly #uploads = new Map<string, Uint8Array>();
  #isDue = false;

  /** To be called with the bytes of each upload. */
  sawUpload(name: string, bytes: Uint8Array): void {
    this.#uploads.set(name, bytes);
  }

  /** To be called after each action. */
  sawAction(): void {
    this.#isDue = true;
  }

  /**
   * @returns `undefined` where nothing has changed, or nothing is kept
   * @throws HostError
   */
  async finish(host: LivepatchHost, options: CallOptions): Promise<KeepOutcome | undefined> {
    if (!this.#isDue || !(await host.boot?.isEnabled(options))) return undefined;
    return await keepForBoot(host, [], options, this.#uploads);
  }
}

export interface KeptFile extends GivenPayload {
  readonly bytes: Uint8Array;
}

/**
 * @param files of payloads that are loaded
 * @param uploads by name, of this process
 * @throws HostError
 */
export async function keepForBoot(
  host: LivepatchHost,
  files: readonly KeptFile[],
  options: CallOptions,
  uploads: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<KeepOutcome | undefined> {
  const { state } = await observeHost(host, files, options);
  const set = keptSetOf(state, ({ name, facts: { buildId } }) => {
    const file = files.find(({ facts }) => buildId !== undefined && facts.buildId === buildId);
    return uploads.get(name) ?? file?.bytes;
  });
  return set && (await host.boot?.keep(set, options));
}
