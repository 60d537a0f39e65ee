// A runner's state machine: one session, and a state machine for each host that it can reach.

import { newHostRunner, stepHostRunner } from "./host-runner.ts";
import type { HostRunner, RunnerSettings } from "./host-runner-state.ts";
import type { RunnerEvent } from "./runner-events.ts";
import { isEnded, newSessions, type Sessions, stepSessions } from "./sessions.ts";
import type { Command, StoreEvent } from "./store.ts";

export interface Runner {
  readonly sessions: Sessions;
  readonly hosts: ReadonlyMap<string, HostRunner>;
}

export type RunnerTick = RunnerEvent | { readonly kind: "tick" };

export interface RunnerStepped {
  readonly state: Runner;
  readonly commands: readonly Command[];
}

/** @param session of this life alone: a random part makes it another one after a restart */
export function newRunner(
  session: string,
  hosts: Iterable<string>,
  settings: RunnerSettings & { readonly ttlMs: number },
  now: number,
): Runner {
  const made = [...hosts].map((host) => [host, newHostRunner(host, settings, now)] as const);
  return { sessions: newSessions(session, settings.ttlMs), hosts: new Map(made) };
}

/** Others have ended its session: it begins anew, as after a restart, under another one. */
export function hasLostSession({ sessions }: Runner): boolean {
  return isEnded(sessions);
}

export function stepRunner(
  state: Runner,
  events: readonly RunnerTick[],
  now: number,
): RunnerStepped {
  const ofSessions = events.filter(isOfSession);
  const isTick = events.some(({ kind }) => kind === "tick");
  const sessions =
    isTick || ofSessions.length > 0 ? stepSessions(state.sessions, ofSessions, now) : undefined;
  const commands: Command[] = [...(sessions?.commands ?? [])];
  const known = sessions?.state ?? state.sessions;
  const byHost = new Map<string, RunnerEvent[]>();
  const give = (host: string, event: RunnerEvent) => {
    const given = byHost.get(host);
    if (given === undefined) byHost.set(host, [event]);
    else given.push(event);
  };
  for (const event of events) {
    if (event.kind === "tick") continue;
    const host = hostOf(event);
    if (host !== undefined && state.hosts.has(host)) give(host, event);
    else if (event.kind === "delivered") commands.push({ kind: "nak", delivery: event.delivery });
  }
  for (const event of ofSessions) {
    if (event.kind === "changed") continue;
    const asking = `session.${event.key.name}`;
    for (const [host, { replica }] of state.hosts) if (replica.open.has(asking)) give(host, event);
  }
  let hosts: Map<string, HostRunner> | undefined;
  for (const host of isTick ? state.hosts.keys() : byHost.keys()) {
    const before = state.hosts.get(host);
    if (before === undefined) continue;
    const stepped = stepHostRunner(before, byHost.get(host) ?? [], now, known);
    if (stepped.commands.length > 0) commands.push(...stepped.commands);
    if (stepped.state === before) continue;
    hosts ??= new Map(state.hosts);
    hosts.set(host, stepped.state);
  }
  return { state: { sessions: known, hosts: hosts ?? state.hosts }, commands };
}

function isOfSession(event: RunnerTick): event is StoreEvent {
  return "key" in event && event.key.kind === "session";
}

function hostOf(event: RunnerEvent): string | undefined {
  if (event.kind === "delivered") return event.item.host;
  if ("host" in event) return event.host;
  const { kind, name } = event.key;
  if (kind === "claim") return name.startsWith("host/") ? name.slice("host/".length) : undefined;
  return kind === "facts" || kind === "order" ? name : undefined;
}
