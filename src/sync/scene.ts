// The state of a host after a step, as far as Xen's list and our own computation show it: enough to
// notice that a step failed, succeeded only in part, or that somebody else changed the host.

import type { ListedPayload } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import type { PlanStep } from "../plan/plan-form.ts";

export interface Scene {
  /** Names, in load order. */
  readonly loaded: readonly string[];
  /** Names, from the bottom to the top; in load order where the order is unknown. */
  readonly applied: readonly string[];
}

export function sceneAfter(
  { loaded, applied }: Scene,
  { action, name }: Pick<PlanStep, "action" | "name">,
): Scene {
  switch (action) {
    case "upload":
      return { loaded: [...loaded, name], applied };
    case "unload":
      return { loaded: loaded.filter((other) => other !== name), applied };
    case "apply":
      return { loaded, applied: [...applied, name] };
    case "revert":
      return { loaded, applied: applied.filter((other) => other !== name) };
    case "replace":
      return { loaded, applied: [name] };
  }
}

/** Whether the list matches the scene; the list does not show the order of the applied payloads. */
export function shows(list: readonly ListedPayload[], { loaded, applied }: Scene): boolean {
  const isApplied = new Set(applied);
  return (
    list.length === loaded.length &&
    list.every(({ name, status }, index) => {
      const state = isApplied.has(name) ? "applied" : "checked";
      return loaded[index] === name && settledState(status) === state;
    })
  );
}

/**
 * The scene that a replace left which failed half-way: Xen reverts from the top and does not undo it
 * (ABI reference §3, rule 7). `undefined` when the list shows something else.
 */
export function halfReplaced(
  list: readonly ListedPayload[],
  { loaded, applied }: Scene,
): Scene | undefined {
  return applied
    .map((_, count): Scene => ({ loaded, applied: applied.slice(0, count) }))
    .find((scene) => shows(list, scene));
}
