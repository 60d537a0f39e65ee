// What the score knows of one fix: the builder's answer, and what a real hypervisor said to the payload.
// Kept between two runs, and published.

import * as v from "valibot";
import type { Described } from "../../src/json/decode-json.ts";

const answerSchema = v.variant("kind", [
  v.object({
    kind: v.literal("payload"),
    functions: v.array(v.string()),
    sizeBytes: v.number(),
    warnings: v.array(v.string()),
  }),
  v.object({
    kind: v.literal("refused"),
    reasons: v.array(
      v.object({
        rule: v.string(),
        what: v.string(),
        why: v.string(),
        /** It follows from another one of the list. */
        follows: v.boolean(),
      }),
    ),
  }),
  v.object({ kind: v.literal("no-change") }),
  /** The patch does not fit the base without earlier ones, or does not compile without them. */
  v.object({ kind: v.literal("not-alone"), why: v.string() }),
  v.object({ kind: v.literal("error"), code: v.string(), problem: v.string() }),
]);
export type Answer = Described<typeof answerSchema>;

/** Uploaded, applied, reverted and unloaded on the very hypervisor that it was built for. */
export const trialSchema = v.variant("kind", [
  v.object({
    kind: v.literal("ran"),
    /** Lines of the console that tell of trouble, though nothing failed. */
    complaints: v.array(v.string()),
  }),
  v.object({ kind: v.literal("failed"), step: v.string(), said: v.string() }),
]);
export type Trial = Described<typeof trialSchema>;

export const resultSchema = v.object({
  commit: v.string(),
  advisories: v.array(v.string()),
  answer: answerSchema,
  /** Of `xsplice check`; only of a payload. */
  check: v.optional(v.string()),
  trial: v.optional(trialSchema),
  /** From starting `xsplice build` to its end. */
  seconds: v.number(),
  /** The commit of xSplice that has answered; not known of the first runs. */
  tree: v.optional(v.string()),
});
export type Result = Described<typeof resultSchema>;

/** Rules that a refusal gives as causes, without those that follow from them. */
export function causesOf(answer: Extract<Answer, { kind: "refused" }>): readonly string[] {
  const rules = answer.reasons.filter(({ follows }) => !follows).map(({ rule }) => rule);
  return [...new Set(rules)].sort();
}
