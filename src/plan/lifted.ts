// What a sync has reverted for a while and was going to put back. Should it never come to that, and
// somebody else do something else on the host, it is remembered: a later sync that is to leave all
// else as it is would otherwise leave a fix out in silence.

import type { Journal } from "./journal-form.ts";

/**
 * When an action has ended.
 * @param journal with the action, as it was begun
 * @param former what a replace has taken away that failed, as the journal has it afterwards
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
  // Whoever goes another way does not put it back.
  const given = former === undefined ? (journal.former ?? []) : [];
  // Who unloads it, and is no sync, does not want it any more.
  const isLeft = pending?.action === "unload" && journal.goal === undefined;
  const names = [...lifted, ...goal.filter((name) => taken.includes(name)), ...given];
  return listOf(names, [...applied, ...(isLeft ? [pending.name] : [])]);
}

/**
 * As far as a journal tells that does not know of all that was done since.
 * @param applied now
 */
export function liftedSince(journal: Journal, applied: readonly string[]): Journal["lifted"] {
  const { scene, pending, former = [], goal = [], lifted = [] } = journal;
  const stack = scene.stack ?? [];
  const open = pending?.action === "replace" ? stack : [pending?.name ?? ""];
  const away = scene.loaded.flatMap(({ name, history }) => (history === "reverted" ? name : []));
  // What was in use when it was last looked at, others have taken away.
  const isOpen = (name: string) => !stack.includes(name) || open.includes(name);
  const taken = [...stack, ...away].filter((name) => goal.includes(name) && isOpen(name));
  return listOf([...lifted, ...former, ...taken], applied);
}

function listOf(names: readonly string[], without: readonly string[]): Journal["lifted"] {
  const left = [...new Set(names)].filter((name) => !without.includes(name));
  return left.length === 0 ? undefined : left;
}
