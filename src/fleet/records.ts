// What the store holds, one record under each key. A schema defines the form of each; the types come from them.
//
// Only two of them have to be right for the fleet to be safe, and both by compare-and-set alone, whatever clocks,
// leases and networks do. The ledger says which hosts may be at work: nobody writes an order for a host that is not
// in it, and each new leader writes its token into it first, so that a former leader's next write fails. And the
// order of a host is taken by one runner, whose token the host itself compares with the highest it has seen.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";

const stack = v.array(v.string());

/** One life of a runner or controller. A restarted one is another session. */
export const sessionSchema = v.object({
  /** Each renewal counts, so that it is seen though no clock is compared. */
  beat: count,
  /** Over for good, said by itself or by somebody who saw no renewal for too long. */
  isOver: v.boolean(),
});

/** Who serves a host, or leads. */
export const claimSchema = v.object({
  /** A session; `undefined` when it was given back. */
  holder: maybe(v.string()),
  /** One more with each holder: the fencing token. */
  token: count,
});

const showsSchema = v.object({
  xenBuildId: maybe(v.string()),
  bootId: maybe(v.string()),
  /** `undefined` when its order is not known. */
  stack: maybe(stack),
});

export const factsSchema = v.object({
  ...showsSchema.entries,
  /** Of the runner that looked. */
  token: count,
  /** A line on its console that speaks of a fault, newer than the last order. */
  fault: maybe(v.string()),
  /** The last look that was asked for before this one began. */
  asked: count,
});

const goalSchema = v.object({
  direction: v.picklist(["forward", "back"]),
  target: v.object({ channel: v.string(), version: count }),
  xenBuildId: v.string(),
  from: stack,
  to: stack,
});

const outcomes = [
  "done",
  /** The host is as before: the plan refused, or the depot's signatures did. */
  "refused",
  /** A step failed, and the host is as before. */
  "returned",
  /** Neither as before nor as wished. */
  "astray",
  /** Between two steps, because it was told to. */
  "stopped",
  /** Another build, or another state, than the plan was made for; not touched. */
  "changed",
] as const;

export const orderSchema = v.object({
  rollout: v.string(),
  /** Of this roll-out, for this host: 1 is the way forward, 2 the way back. */
  number: count,
  goal: goalSchema,
  status: v.picklist(["open", "taken", "ended", "withdrawn"]),
  /** Whoever has it is to stop between two steps. */
  isStopped: v.boolean(),
  /** Token of the runner that took it. */
  token: count,
  outcome: maybe(v.picklist(outcomes)),
  reason: maybe(v.string()),
  shows: maybe(showsSchema),
});

export const ledgerSchema = v.object({
  /** Of the leader. */
  token: count,
  grants: v.record(v.string(), v.object({ rollout: v.string(), number: count })),
});

const phases = [
  /** Waits for another roll-out with the same hosts. */
  "queued",
  "working",
  "soaking",
  "checking",
  /** Nothing new begins; what has not begun is withdrawn, what has is stopped between two steps. */
  "halting",
  "taking-back",
  ...(["done", "stopped", "aborted", "taken-back", "refused"] as const),
] as const;

export const rolloutSchema = v.object({
  /** Of the leader that wrote it. */
  token: count,
  phase: v.picklist(phases),
  /** Index of the last wave that may be at work. */
  wave: count,
  /** When its phase began, by the store's clock; `undefined` while that is when this was written. */
  since: maybe(count),
  /** What follows `halting`. */
  after: maybe(v.picklist(["stopped", "aborted", "take-back-wave", "take-back-all"])),
  reason: maybe(v.string()),
});

/** What people want of it. */
export const wantedSchema = v.object({
  wanted: v.picklist(["run", "pause", "abort", "take-back"]),
});

export type Session = Described<typeof sessionSchema>;
export type Claim = Described<typeof claimSchema>;
export type Shows = Described<typeof showsSchema>;
export type Facts = Described<typeof factsSchema>;
export type Outcome = (typeof outcomes)[number];
export type Order = Described<typeof orderSchema>;
export type Ledger = Described<typeof ledgerSchema>;
type Phase = (typeof phases)[number];
export type Rollout = Described<typeof rolloutSchema>;
export type Wanted = Described<typeof wantedSchema>;

const ended: readonly Phase[] = ["done", "stopped", "aborted", "taken-back", "refused"];

export function hasEnded({ phase }: Pick<Rollout, "phase">): boolean {
  return ended.includes(phase);
}
