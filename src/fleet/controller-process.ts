// A controller as it runs: its session, and its state machine. Session and claims of others come to both.

import { type ControllerEvent, newController, stepController } from "./controller.ts";
import type { Controller, ControllerSettings } from "./controller-state.ts";
import { newSessions, type Sessions, stepSessions } from "./sessions.ts";
import type { Command, StoreEvent } from "./store.ts";

export interface ControllerProcess {
  readonly sessions: Sessions;
  readonly controller: Controller;
}

export type ControllerTick = ControllerEvent | { readonly kind: "tick" };

export function newControllerProcess(
  session: string,
  settings: ControllerSettings & { readonly ttlMs: number },
): ControllerProcess {
  return { sessions: newSessions(session, settings.ttlMs), controller: newController(settings) };
}

export function stepControllerProcess(
  state: ControllerProcess,
  events: readonly ControllerTick[],
  now: number,
): { readonly state: ControllerProcess; readonly commands: readonly Command[] } {
  const real = events.flatMap((event): readonly ControllerEvent[] =>
    event.kind === "tick" ? [] : [event],
  );
  const ofSessions = real.filter(isOfSession);
  const sessions = stepSessions(state.sessions, ofSessions, now);
  const others = real.filter((event) => !isOfSession(event) || isAnswer(event));
  const controller = stepController(state.controller, others, now, sessions.state);
  return {
    state: { sessions: sessions.state, controller: controller.state },
    commands: [...sessions.commands, ...controller.commands],
  };
}

function isOfSession(event: ControllerEvent): event is StoreEvent {
  return "key" in event && event.key.kind === "session";
}

/** Of what the controller may have asked for itself, and the time by the store's clock. */
function isAnswer(event: ControllerEvent): boolean {
  return event.kind === "read" || event.kind === "refused" || event.kind === "stored";
}
