// The facts about a payload that decide on what it may be applied: in memory, and in a host's journal.
// An unknown fact is `undefined`, never a guess.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";
import { guardLevels, payloadModes } from "../payload/metadata-keys.ts";
import { hookKinds } from "../xen-abi/hooks.ts";

/** Bytes of the hypervisor's, or of another payload's, code. */
const codeRangeSchema = v.object({
  /** The origin of `start`, as Xen's table spells it; `undefined`: `start` is an address. */
  symbol: maybe(v.string()),
  /** Text in JSON, which has no 64-bit numbers. */
  start: v.pipe(
    v.string(),
    v.regex(/^-?\d{1,20}$/),
    v.transform((text) => BigInt(text)),
  ),
  sizeBytes: count,
});

export type CodeRange = Described<typeof codeRangeSchema>;

export const factsSchema = v.object({
  /** Hex, as all ids here. */
  buildId: maybe(v.string()),
  /** Build-id of the payload or hypervisor directly below. */
  depends: maybe(v.string()),
  /** Build-id of the hypervisor; payloads of version 1 have none. */
  xenDepends: maybe(v.string()),
  /** `undefined` also for payloads of other tools, which have none. */
  mode: maybe(v.picklist(payloadModes)),
  guard: maybe(v.picklist(guardLevels)),
  /** Names of the functions that it replaces, as Xen's table spells them; sorted. */
  functions: maybe(v.array(v.string())),
  /** The complete old code of these functions. */
  replaces: maybe(v.array(codeRangeSchema)),
  /**
   * Bytes that certainly differ while it is applied. Only one byte of a jump: after an ENDBR64 the jump
   * covers bytes 4 to 8 of the function, otherwise 0 to 4.
   */
  writes: maybe(v.array(codeRangeSchema)),
  /** Whether it blanks code outside of itself without replacing a function. */
  nops: maybe(v.picklist(["some", "none"])),
  /** Bytes that Xen compares before it applies. */
  guards: maybe(v.array(codeRangeSchema)),
  /** Where the jump of some payload below must be: the whole jump; Xen compares only the opcode. */
  jumps: maybe(v.array(codeRangeSchema)),
  /** Symbol of its applied-marker. */
  marker: maybe(v.string()),
  /** Build-ids of payloads that must be applied below it, besides `depends`. */
  requires: maybe(v.array(v.string())),
  /** Symbols that must be unique while it is loaded. */
  exports: maybe(v.array(v.string())),
  /** Symbols that Xen, or a payload loaded before, must define. */
  imports: maybe(v.array(v.string())),
  hooks: maybe(v.array(v.picklist(hookKinds))),
  /** Its functions and objects to which the hypervisor keeps pointers, even after a revert. */
  kept: maybe(v.array(v.string())),
  /** Functions that CPUs leave a moment after a revert: an unload waits for that. */
  lingers: maybe(v.array(v.string())),
  /** Functions in which a CPU may stay after a revert. */
  parks: maybe(v.array(v.string())),
  /** Functions in which a vCPU may sleep, with its frames copied aside. */
  sleeps: maybe(v.array(v.string())),
  /** `writable`: it has state of its own, so Xen does not apply it again after a revert. */
  data: maybe(v.picklist(["writable", "none"])),
  /** Strings of `.modinfo`; `undefined` where the host does not show them. */
  metadata: maybe(v.array(v.string())),
});

export type PayloadFacts = Described<typeof factsSchema>;
