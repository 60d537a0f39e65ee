// What is known of a payload, as far as it decides on what it may be applied: in memory, and in a host's
// journal. What is not known is `undefined`, never a guess.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";
import { guardLevels, payloadModes } from "../payload/metadata-keys.ts";
import { hookKinds } from "../xen-abi/hooks.ts";

/** Bytes of the hypervisor's, or of another payload's, code. */
const codeRangeSchema = v.object({
  /** What `start` counts from, as Xen's table spells it; `undefined`: `start` is an address. */
  symbol: maybe(v.string()),
  /** A text there: JSON has no numbers of 64 bits. */
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
  /** The old code of these functions, whole. */
  replaces: maybe(v.array(codeRangeSchema)),
  /**
   * Bytes that are surely different while it is applied. Of a jump only one: with an ENDBR64 in
   * front it covers bytes 4 to 8 of the function and else 0 to 4.
   */
  writes: maybe(v.array(codeRangeSchema)),
  /** Whether it blanks code of others without replacing a function. */
  nops: maybe(v.picklist(["some", "none"])),
  /** Bytes that Xen compares before it applies. */
  guards: maybe(v.array(codeRangeSchema)),
  /** Where the jump of some payload below must be: the whole jump, of which Xen compares the opcode. */
  jumps: maybe(v.array(codeRangeSchema)),
  /** Symbol of its applied-marker. */
  marker: maybe(v.string()),
  /** Build-ids of payloads that must be applied below it, besides `depends`. */
  requires: maybe(v.array(v.string())),
  /** Symbols that nobody else may have while it is loaded. */
  exports: maybe(v.array(v.string())),
  /** Symbols that Xen, or a payload loaded before, must have. */
  imports: maybe(v.array(v.string())),
  hooks: maybe(v.array(v.picklist(hookKinds))),
  /** Functions and objects of it to which the hypervisor keeps pointers, also when it is reverted. */
  kept: maybe(v.array(v.string())),
  /** `writable`: it keeps state of its own, so Xen does not apply it again once it was reverted. */
  data: maybe(v.picklist(["writable", "none"])),
  /** Strings of `.modinfo`; `undefined` where the host does not show them. */
  metadata: maybe(v.array(v.string())),
});

export type PayloadFacts = Described<typeof factsSchema>;
