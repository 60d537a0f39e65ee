// What a step makes of a host, as far as Xen's list and our own reckoning show it: enough to notice
// that a step did not do what it should, did only half of it, or was not the only one at work.

import type { ListedPayload } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import type { PlanStep } from "../plan/plan-form.ts";

export interface Scene {
  /** Names, in load order. */
  readonly loaded: readonly string[];
  /** Names, from the bottom to the top; in load order where nobody knows. */
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

/** Whether the list shows the scene; the order of what is applied it does not show. */
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
 * The scene that a replace left which failed half-way: Xen reverts from the top and has no way back
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
