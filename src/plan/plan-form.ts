// What a plan looks like, in memory and as JSON.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";

export const PLAN_VERSION = 1;

const functionChangeSchema = v.object({
  function: v.string(),
  change: v.picklist(["newly-patched", "patched-again", "reverted", "unchanged"]),
  /** Payload whose code runs afterwards, also after a revert; `undefined` for Xen's own. */
  by: maybe(v.string()),
});

const stepSchema = v.object({
  action: v.picklist(["upload", "apply", "revert", "replace", "unload"]),
  name: v.string(),
  /** Of the payload; `undefined` where it is not known. */
  buildId: maybe(v.string()),
  /** Its file, for an upload. */
  source: v.exactOptional(v.string()),
  /** For an apply; `hypervisor-only` is NODEPS. */
  dependencyCheck: v.exactOptional(v.picklist(["whole-chain", "hypervisor-only"])),
  /** That the step changes. */
  functions: v.array(functionChangeSchema),
  /** Names of payloads that it applies or reverts, and of which it is not known what they change. */
  unknown: v.array(v.string()),
});

/** From the end of one step to the end of another; steps count from 1. */
const momentSchema = v.object({
  /** A function, or all that a payload does besides replacing functions that are known. */
  fix: v.object({ kind: v.picklist(["function", "payload"]), name: v.string() }),
  fromStep: count,
  toStep: count,
  /** Payload whose code the function runs meanwhile; `undefined` for Xen's own. */
  meanwhile: maybe(v.string()),
});

const noticeSchema = v.object({
  kind: v.picklist([
    /** Reverted and applied again, for something below it. */
    "lifted",
    /** Its data starts afresh. */
    "fresh-data",
    /** Another payload has the name of its file. */
    "renamed",
    /** Stays loaded: another payload refers to it. */
    "kept",
    /** Stays loaded: the hypervisor keeps a pointer into it. */
    "held",
    /** The same, and it is unloaded, as was allowed. */
    "dangling",
    /** A higher payload replaces the same, and does not include what it made of it. */
    "not-in-force",
    /** It was to be removed, and somebody has done so already. */
    "gone",
    /** A hook of it may refuse a step. */
    "hook-may-refuse",
  ]),
  name: v.string(),
  words: v.string(),
});

export const planSchema = v.object({
  version: v.literal(PLAN_VERSION),
  /** Of the state that it was made for; see fingerprintOf(). */
  fingerprint: v.string(),
  host: v.object({ xenBuildId: maybe(v.string()), bootId: maybe(v.string()) }),
  /** None when the host is as wished. */
  steps: v.array(stepSchema),
  /** From the beginning to the end; those that stay as they are included. */
  functions: v.array(functionChangeSchema),
  /** Empty: no fix that was there before and is wanted afterwards is missing at any moment. */
  missing: v.array(momentSchema),
  /** Why there is no plan without such moments. */
  whyMissing: v.array(v.string()),
  notices: v.array(noticeSchema),
  /** How often all CPUs are stopped. */
  quiesces: count,
  /** Names of what is applied in the end, from the bottom to the top. */
  stack: v.array(v.string()),
});

export type Plan = Described<typeof planSchema>;
export type PlanStep = Described<typeof stepSchema>;
export type FunctionChange = Described<typeof functionChangeSchema>;
export type PlanMoment = Described<typeof momentSchema>;
export type Notice = Described<typeof noticeSchema>;
