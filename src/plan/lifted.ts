// Payloads that a sync reverted temporarily. If the sync ends before it restores them, and somebody
// else changes the host, they are remembered; otherwise a later sync that must leave everything else as
// it is would silently leave a fix out.

import type { Journal } from "./journal-form.ts";

/**
 * Called when an action has ended.
 * @param journal with the action, as it was started
 * @param former payloads that a failed replace reverted, as the journal has them afterwards
 * @param applied afterwards
 */
export function liftedAfter(
  journal: Journal,
  former: Journal["former"],
  applied: readonly string[],
): Journal["lifted"] {
  const { scene, pending, goal = [], lifted = [] } = journal;
  const away = scene.loaded.filter(({ history }) => history === "reverted");
  const taken = [...(scene.stack ?? []), ...away.map(({ name }) => name)];
  // A command with another goal does not restore it.
  const given = former === undefined ? (journal.former ?? []) : [];
  // If it is unloaded by another command than sync, it is not wanted any more.
  const isLeft = pending?.action === "unload" && journal.goal === undefined;
  const names = [...lifted, ...goal.filter((name) => taken.includes(name)), ...given];
  return listOf(names, [...applied, ...(isLeft ? [pending.name] : [])]);
}

/** As far as the journal shows it, if it missed some changes. @param applied now */
export function liftedSince(journal: Journal, applied: readonly string[]): Journal["lifted"] {
  const { scene, pending, former = [], goal = [], lifted = [] } = journal;
  const stack = scene.stack ?? [];
  const open = pending?.action === "replace" ? stack : [pending?.name ?? ""];
  const away = scene.loaded.flatMap(({ name, history }) => (history === "reverted" ? name : []));
  // Applied when the host was last seen; others have reverted it since.
  const isOpen = (name: string) => !stack.includes(name) || open.includes(name);
  const taken = [...stack, ...away].filter((name) => goal.includes(name) && isOpen(name));
  return listOf([...lifted, ...former, ...taken], applied);
}

function listOf(names: readonly string[], without: readonly string[]): Journal["lifted"] {
  const left = [...new Set(names)].filter((name) => !without.includes(name));
  return left.length === 0 ? undefined : left;
}
