// A controller's state machine. Any number may run; the one that holds the claim `leader` moves roll-outs. Being
// the leader makes nothing safe: its token in the ledger and in each roll-out's record does, since a former leader's
// next write of either fails. All that a new leader needs is in the store.

import { heldToken, takeClaim } from "./claim.ts";
import type { Controller, ControllerSettings, ControllerStepped } from "./controller-state.ts";
import { leadRollouts } from "./lead.ts";
import { absorb, emptyReplica, entryOf, put, request } from "./replica.ts";
import type { Sessions } from "./sessions.ts";
import type { Command, StoreEvent } from "./store.ts";

export type ControllerEvent =
  | StoreEvent
  | {
      readonly kind: "checked";
      readonly rollout: string;
      /** A check that hangs has failed: whoever runs it ends it. */
      readonly verdict: "passed" | "failed";
    };

export function newController(settings: ControllerSettings): Controller {
  return {
    settings,
    replica: emptyReplica,
    storeOffset: undefined,
    checks: new Map(),
    sent: new Map(),
  };
}

/** Events in batches, as they have come: with ten thousand hosts each batch costs one look at all of them. */
export function stepController(
  state: Controller,
  events: readonly ControllerEvent[],
  now: number,
  sessions: Sessions,
): ControllerStepped {
  const store = events.filter(isOfStore);
  const checks = store.length === events.length ? state.checks : withVerdicts(state.checks, events);
  const replica = absorb(state.replica, store, now);
  const storeOffset = offsetOf(store, now) ?? state.storeOffset;
  const decided = decide({ ...state, replica, checks, storeOffset }, now, sessions);
  const requested = request(decided.state.replica, decided.commands, now);
  return { state: { ...decided.state, replica: requested.replica }, commands: requested.commands };
}

function isOfStore(event: ControllerEvent): event is StoreEvent {
  return event.kind !== "checked";
}

function withVerdicts(
  before: Controller["checks"],
  events: readonly ControllerEvent[],
): Controller["checks"] {
  const checks = new Map(before);
  for (const event of events) {
    const check = event.kind === "checked" ? checks.get(event.rollout) : undefined;
    if (event.kind !== "checked" || check === undefined) continue;
    checks.set(event.rollout, { ...check, state: event.verdict });
  }
  return checks;
}

/** Of an answer to our own write: it took place a moment ago. */
function offsetOf(events: readonly StoreEvent[], now: number): number | undefined {
  const stored = events.findLast(({ kind }) => kind === "stored");
  return stored?.kind === "stored" ? stored.entry.storedAt - now : undefined;
}

function decide(state: Controller, now: number, sessions: Sessions): ControllerStepped {
  const { replica, storeOffset } = state;
  const token = heldToken(replica, "leader", sessions, now);
  if (token === undefined) {
    const { commands, unknown } = takeClaim(replica, "leader", sessions, now);
    const isAsked = unknown === undefined || replica.open.has(`session.${unknown}`);
    const read: readonly Command[] = isAsked
      ? []
      : [{ kind: "read", key: { kind: "session", name: unknown } }];
    // What was found out about checks was found out as the leader.
    const checks: Controller["checks"] = state.checks.size === 0 ? state.checks : new Map();
    return { state: { ...state, checks }, commands: [...commands, ...read] };
  }
  const ledger = entryOf(replica, "ledger", "fleet")?.value;
  if (ledger === undefined || ledger.token < token) {
    const grants = ledger?.grants ?? {};
    return { state, commands: put(replica, "ledger", "fleet", { token, grants }) };
  }
  if (ledger.token > token) {
    const isAsked = replica.open.has("claim.leader");
    return {
      state,
      commands: isAsked ? [] : [{ kind: "read", key: { kind: "claim", name: "leader" } }],
    };
  }
  if (storeOffset === undefined) return { state, commands: [] };
  return leadRollouts(state, token, ledger, now + storeOffset, now);
}
