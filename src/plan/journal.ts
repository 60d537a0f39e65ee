// What xSplice records about a host, because Xen reports neither the order of application nor what a
// loaded payload was made of: the loaded payloads, the stack, and the action under way. It is written
// before and after each action. An action without an end is compared with Xen's list: each outcome
// leaves a different list. If the list contradicts the journal, somebody else has changed the host, and
// only the facts about payloads in the journal are still used.

import type { ListedPayload } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import { Errno } from "../xen-abi/errno.ts";
import { factsOfMetadata } from "./facts.ts";
import type { HostState } from "./host-state.ts";
import type { Journal, JournalPayload, JournalScene, PendingAction } from "./journal-form.ts";
import { liftedAfter } from "./lifted.ts";

const LOG_LENGTH_MAX = 100;

/** A journal of the present state of a host. @param before the one whose place it takes */
export function startJournal(state: HostState, bootId: string, before?: Journal): Journal {
  const { loaded, stack } = state;
  return {
    bootId,
    scene: {
      loaded: loaded.map(({ name, facts, history }) => ({ name, facts, history })),
      stack: stack.kind === "known" ? stack.names : undefined,
    },
    pending: undefined,
    former: undefined,
    goal: undefined,
    lifted: state.lifted,
    log: [],
    past: before && [...(before.past ?? []), ...before.log].slice(-LOG_LENGTH_MAX),
  };
}

/** To be written before the action starts. */
export function beginInJournal(journal: Journal, pending: PendingAction): Journal {
  return { ...journal, pending };
}

/**
 * To be written after the action, whether it succeeded or not.
 * @param list of the host after the action
 * @param result as the log has it
 * @returns `undefined` when the list shows more changes than the action makes
 */
export function endInJournal(
  journal: Journal,
  list: readonly ListedPayload[],
  result?: string,
): Journal | undefined {
  const scene = sceneAfter(journal, list);
  if (scene === undefined) return undefined;
  const { pending } = journal;
  if (pending === undefined) return { ...journal, scene };
  const { facts: _, ...entry } = pending;
  const log = [...journal.log, { ...entry, stack: scene.stack, result }].slice(-LOG_LENGTH_MAX);
  const former = formerAfter(journal, pending, scene.stack);
  const lifted = liftedAfter(journal, former, appliedIn(list));
  return { ...journal, scene, pending: undefined, former, lifted, log };
}

function formerAfter(
  { scene, former }: Journal,
  { action, name }: PendingAction,
  stack: readonly string[] | undefined,
): readonly string[] | undefined {
  if (scene.stack === undefined || stack === undefined) return undefined;
  const isHalfReplaced =
    action === "replace" && !stack.includes(name) && stack.length < scene.stack.length;
  if (isHalfReplaced) return former ?? scene.stack;
  if (former === undefined || action === "revert") return undefined;
  const isOnTheWayBack = stack.every((other) => former.includes(other));
  return isOnTheWayBack && stack.length < former.length ? former : undefined;
}

/** The journal, updated by the list; `undefined` when the two contradict each other. */
export function sceneAfter(
  { scene, pending }: Journal,
  list: readonly ListedPayload[],
): JournalScene | undefined {
  const loaded = loadedAfter(scene, pending, list)?.map((payload) =>
    isSpent(payload, pending, list) ? { ...payload, history: "unknown" as const } : payload,
  );
  if (loaded === undefined) return undefined;
  const applied = appliedIn(list);
  const { stack } = scene;
  if (stack === undefined) return withoutOrder(loaded, applied, pending);
  const found = stacksAfter(stack, pending).find((candidate) => haveSame(candidate, applied));
  if (found === undefined) return undefined;
  const isReverted = (name: string) => stack.includes(name) && !found.includes(name);
  return {
    stack: found,
    loaded: loaded.map((payload) =>
      isReverted(payload.name) ? { ...payload, history: "reverted" } : payload,
    ),
  };
}

/** In load order. */
export function appliedIn(list: readonly ListedPayload[]): readonly string[] {
  return list.flatMap(({ name, status }) => (settledState(status) === "applied" ? name : []));
}

/** The order is known again as soon as at most one is applied. */
function withoutOrder(
  loaded: readonly JournalPayload[],
  applied: readonly string[],
  pending: PendingAction | undefined,
): JournalScene {
  const isReplacing = pending?.action === "replace";
  const historyOf = ({ name, history }: JournalPayload): JournalPayload["history"] => {
    if (applied.includes(name)) return history;
    if (pending?.action === "revert" && pending.name === name) return "reverted";
    // It is unknown whether it was applied before, and so whether it was reverted.
    return isReplacing && history === "never-reverted" ? "unknown" : history;
  };
  return {
    loaded: loaded.map((payload) => ({ ...payload, history: historyOf(payload) })),
    stack: applied.length < 2 ? applied : undefined,
  };
}

/** The payloads in the list, each with the journal's facts about it. */
function loadedAfter(
  { loaded }: JournalScene,
  pending: PendingAction | undefined,
  list: readonly ListedPayload[],
): readonly JournalPayload[] | undefined {
  const possible = [loaded];
  if (pending?.action === "upload") {
    const facts = pending.facts ?? factsOfMetadata(undefined);
    possible.push([...loaded, { name: pending.name, facts, history: "never-reverted" }]);
  }
  if (pending?.action === "unload")
    possible.push(loaded.filter(({ name }) => name !== pending.name));
  return possible.find((payloads) => {
    return (
      payloads.length === list.length &&
      payloads.every((payload, index) => {
        const listed = list[index];
        return listed !== undefined && isSame(payload, listed);
      })
    );
  });
}

/** Xen has applied it before and refuses now: others have reverted it since, unseen in any list. */
function isSpent(
  { name, facts, history }: JournalPayload,
  pending: PendingAction | undefined,
  list: readonly ListedPayload[],
): boolean {
  if (pending?.action !== "apply" || pending.name !== name || facts.data === "none") return false;
  const status = list.find((listed) => listed.name === name)?.status;
  const isRefused = status?.kind === "failed" && status.errno === Errno.EINVAL;
  return isRefused && status.settled === "checked" && history === "never-reverted";
}

function isSame({ name, facts }: JournalPayload, listed: ListedPayload): boolean {
  if (name !== listed.name) return false;
  const { metadata } = facts;
  if (metadata === undefined || listed.metadata === undefined) return true;
  return metadata.join("\0") === listed.metadata.join("\0");
}

/** Every stack that the action can have left: complete, unchanged, or, for a replace, partial. */
function stacksAfter(
  stack: readonly string[],
  pending: PendingAction | undefined,
): readonly (readonly string[])[] {
  const name = pending?.name ?? "";
  // Xen reports success and does nothing.
  const isIdle = stack.includes(name) !== (pending?.action === "revert");
  switch (isIdle ? undefined : pending?.action) {
    case "apply":
      return [stack, [...stack, name]];
    case "revert":
      return stack.at(-1) === name ? [stack, stack.slice(0, -1)] : [stack];
    // Xen reverts from the top, applies last, and does not undo a failure (ABI reference §3, rule 7).
    case "replace":
      return [[name], ...stack.map((_, index) => stack.slice(0, index)), stack];
    default:
      return [stack];
  }
}

function haveSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}
