// The format of a journal, in memory and as JSON; journal.ts explains its purpose.

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
  /** Names of the applied payloads, from the bottom to the top; `undefined` when the order is unknown. */
  stack: maybe(names),
});

/** Of journals that were written before this was, it is not known. */
const actorFields = {
  /** The user who gave the command. */
  by: maybe(v.string()),
  /** The name of the machine on which it was given. */
  from: maybe(v.string()),
};

const logEntrySchema = v.object({
  action: v.picklist(actions),
  name: v.string(),
  /** Time of its start, ISO 8601. */
  at: v.string(),
  /** The host after it. */
  stack: maybe(names),
  ...actorFields,
  /** `done`, or the code of the error; `undefined` when whoever began it did not see its end. */
  result: maybe(v.string()),
});

const pendingSchema = v.object({
  action: v.picklist(actions),
  name: v.string(),
  /** Of the uploaded payload. */
  facts: maybe(factsSchema),
  /** Time of its start, ISO 8601. */
  at: v.string(),
  ...actorFields,
});

export const journalSchema = v.object({
  /** Boot id of dom0's kernel: payloads are lost with the hypervisor, and dom0 ends with it. */
  bootId: v.string(),
  scene: sceneSchema,
  /** The action that was started and is not known to have ended. */
  pending: maybe(pendingSchema),
  /**
   * Payloads that a failed replace reverted, from the bottom to the top: until they are restored, or
   * another command chose another goal.
   */
  former: maybe(names),
  /** The goal of a sync under way; any other action clears it. */
  goal: maybe(names),
  /** Payloads that a sync reverted temporarily and that were not restored or unloaded since (lifted.ts). */
  lifted: maybe(names),
  /** For people; oldest first, at most LOG_LENGTH_MAX entries. */
  log: v.array(logEntrySchema),
  /**
   * The log of earlier journals of this host, of earlier boots most of all; for people, too, and nothing else. As
   * many as above.
   */
  past: maybe(v.array(logEntrySchema)),
});

export type Journal = Described<typeof journalSchema>;
export type JournalScene = Described<typeof sceneSchema>;
export type JournalPayload = Described<typeof payloadSchema>;
export type PendingAction = Described<typeof pendingSchema>;
export type LogEntry = Described<typeof logEntrySchema>;
