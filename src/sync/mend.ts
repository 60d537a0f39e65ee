// A sync that was killed after a failed replace has left a host without its former payloads. The
// journal lists them (plan/journal.ts); the next command applies them again.

import type { HostState } from "../plan/host-state.ts";
import { endInJournal } from "../plan/journal.ts";
import type { Journalled } from "../plan/journalled-host.ts";
import { type HostView, observeHost } from "../plan/observe.ts";
import { restore } from "./restore.ts";
import type { Scene } from "./scene.ts";
import type { SyncFile } from "./sync-file.ts";
import type { DoneStep, StepOptions } from "./take-steps.ts";

export interface Mended {
  /** What the host shows, where nothing was to be done. */
  readonly view: HostView | undefined;
  readonly done: readonly DoneStep[];
  /** Sentences about what was found. */
  readonly notes: readonly string[];
}

/** @throws HostError when the host does not answer */
export async function mend(
  { host, goal }: Journalled,
  files: readonly SyncFile[],
  options: StepOptions,
): Promise<Mended> {
  const { deadlineMs } = options;
  const view = await observeHost(host, files, { deadlineMs });
  const former = formerOf(view);
  if (former === undefined) return { view, done: [], notes: [] };
  const loaded = view.list.map(({ name }) => name);
  const origin: Scene = { loaded, applied: former };
  const state = withRemembered(view);
  const way = { host, goal, origin, state, scene: undefined, files };
  const result = await restore(way, options);
  const names = former.map((name) => `"${name}"`).join(", ");
  if (result.kind === "back") {
    const words = `an earlier replace failed and left ${names} reverted: applied again`;
    return { view: undefined, done: result.done, notes: [words, ...result.notes] };
  }
  const note = `an earlier replace failed and left ${names} reverted, which cannot be applied again`;
  const done = result.kind === "failed" ? result.done : [];
  return { view: undefined, done, notes: [note] };
}

function formerOf({ written, journal, list }: HostView): readonly string[] | undefined {
  if (written === undefined || journal !== "fits") return undefined;
  return endInJournal(written, list)?.former;
}

/** The loaded payloads, and the journal's facts about payloads that are not loaded any more. */
function withRemembered({ state, written }: HostView): HostState {
  const known = new Set(state.loaded.map(({ name }) => name));
  const gone = (written?.scene.loaded ?? []).filter(({ name }) => !known.has(name));
  const status = { kind: "checked" } as const;
  return { ...state, loaded: [...state.loaded, ...gone.map((one) => ({ ...one, status }))] };
}
