// What a journal looks like, in memory and as JSON; journal.ts says what it is for.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { maybe } from "../json/fields.ts";
import { factsSchema } from "./facts-form.ts";

const actions = ["upload", "apply", "revert", "replace", "unload"] as const;
const names = v.array(v.string());

const payloadSchema = v.object({
  name: v.string(),
  facts: factsSchema,
  /** Whether it was applied and reverted since it was loaded. */
  history: v.picklist(["never-reverted", "reverted", "unknown"]),
});

const sceneSchema = v.object({
  /** In load order. */
  loaded: v.array(payloadSchema),
  /** Names of what is applied, from the bottom to the top; `undefined` when it is not known. */
  stack: maybe(names),
});

const logEntrySchema = v.object({
  action: v.picklist(actions),
  name: v.string(),
  /** When it was begun, ISO 8601. */
  at: v.string(),
  /** After it. */
  stack: maybe(names),
});

const pendingSchema = v.object({
  action: v.picklist(actions),
  name: v.string(),
  /** Of what is uploaded. */
  facts: maybe(factsSchema),
  /** When it was begun, ISO 8601. */
  at: v.string(),
});

export const journalSchema = v.object({
  /** Of dom0's kernel: payloads vanish with the hypervisor, and it with dom0. */
  bootId: v.string(),
  scene: sceneSchema,
  /** Begun, and not known to have ended. */
  pending: maybe(pendingSchema),
  /**
   * What a replace took away that then failed, from the bottom to the top: until it is back, or
   * somebody went another way.
   */
  former: maybe(names),
  /** What a sync that is under way wants to be applied in the end; any other action ends it. */
  goal: maybe(names),
  /** What a sync has reverted for a while, and nobody has put back or unloaded since (lifted.ts). */
  lifted: maybe(names),
  /** For people; the oldest first, not more than LOG_LENGTH_MAX. */
  log: v.array(logEntrySchema),
});

export type Journal = Described<typeof journalSchema>;
export type JournalScene = Described<typeof sceneSchema>;
export type JournalPayload = Described<typeof payloadSchema>;
export type PendingAction = Described<typeof pendingSchema>;
export type LogEntry = Described<typeof logEntrySchema>;
