// The format of a plan, in memory and as JSON.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";

/** 2: sealed (plan-json.ts). */
export const PLAN_VERSION = 2;

const functionChangeSchema = v.object({
  function: v.string(),
  change: v.picklist(["newly-patched", "patched-again", "reverted", "unchanged"]),
  /** The payload whose code runs afterwards, also after a revert; `undefined` for Xen's own. */
  by: maybe(v.string()),
});

const stepSchema = v.object({
  action: v.picklist(["upload", "apply", "revert", "replace", "unload"]),
  name: v.string(),
  /** Of the payload; `undefined` where it is not known. */
  buildId: maybe(v.string()),
  /** Its file, for an upload. */
  source: v.exactOptional(v.string()),
  /** For an unload: how long to wait first, in ms, so that every CPU has left the payload's code. */
  afterMs: v.exactOptional(count),
  /** For an apply; `hypervisor-only` is NODEPS. */
  dependencyCheck: v.exactOptional(v.picklist(["whole-chain", "hypervisor-only"])),
  /** Functions that the step changes. */
  functions: v.array(functionChangeSchema),
  /** Names of payloads that it applies or reverts and whose changes are unknown. */
  unknown: v.array(v.string()),
});

/** From the end of one step to the end of another; steps are counted from 1. */
const momentSchema = v.object({
  /** A function, or every effect of a payload besides replacing known functions. */
  fix: v.object({ kind: v.picklist(["function", "payload"]), name: v.string() }),
  fromStep: count,
  toStep: count,
  /** The payload whose code the function runs meanwhile; `undefined` for Xen's own. */
  meanwhile: maybe(v.string()),
});

const noticeSchema = v.object({
  kind: v.picklist([
    /** Reverted and applied again, to reach one below it. */
    "lifted",
    /** Its data is reset. */
    "fresh-data",
    /** Another payload already has the name of its file. */
    "renamed",
    /** Stays loaded: another payload refers to it. */
    "kept",
    /** Stays loaded: the hypervisor keeps a pointer into it, or a CPU may be in it. */
    "held",
    /** The same, but it is unloaded, as the user allowed. */
    "dangling",
    /** It is unloaded, and a vCPU of a domain that reports to a monitor, pager or sharer may sleep in it. */
    "may-sleep",
    /** A higher payload replaces the same function, and does not contain its fix. */
    "not-in-force",
    /** It was to be removed, and is gone already. */
    "gone",
    /** One of its hooks may refuse a step. */
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
  /** Empty when the host is as wished. */
  steps: v.array(stepSchema),
  /** Changes from the first state to the last; includes functions that stay unchanged. */
  functions: v.array(functionChangeSchema),
  /** Empty: every fix that was in force before and is wanted afterwards stays in force throughout. */
  missing: v.array(momentSchema),
  /** Why no plan without such moments exists. */
  whyMissing: v.array(v.string()),
  notices: v.array(noticeSchema),
  /** How often all CPUs are stopped. */
  quiesces: count,
  /** Names of the payloads applied at the end, from the bottom to the top. */
  stack: v.array(v.string()),
});

export type Plan = Described<typeof planSchema>;
export type PlanStep = Described<typeof stepSchema>;
export type FunctionChange = Described<typeof functionChangeSchema>;
export type PlanMoment = Described<typeof momentSchema>;
export type Notice = Described<typeof noticeSchema>;
