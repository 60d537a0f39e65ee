// Xen's answer to a payload, in the words of the report.

import { findErrnoName } from "../xen-abi/errno.ts";
import type { StepId } from "../xen-model/steps.ts";
import type { TrapId } from "../xen-model/traps.ts";
import type { Assumption } from "../xen-model/verdict.ts";
import { crashOf, type PlayedStep, placeInFile, refusalOf } from "./step.ts";

/** `upload`, or the action itself. */
export type Stage = "upload" | "apply" | "replace";

export type Verdict =
  | { readonly kind: "accepted" }
  | {
      readonly kind: "refused";
      readonly at: Stage;
      /** Positive. */
      readonly errno: number;
      /** Such as `EINVAL`; missing for a number that a hook chose. */
      readonly errnoName?: string;
      readonly step: StepId;
      /** Section of the ABI reference that describes the step. */
      readonly reference: string;
      readonly words: string;
      readonly where: string;
      /** What the console of a release build shows; empty where Xen prints nothing. */
      readonly console: readonly string[];
    }
  | {
      readonly kind: "crash";
      readonly at: Stage;
      readonly trap: TrapId;
      readonly step: StepId;
      readonly words: string;
      readonly where: string;
    };

const CONSOLE_PREFIX = "(XEN) livepatch: ";

export function verdictOf(played: PlayedStep, source: string): Verdict {
  const at = played.act === undefined ? "upload" : played.action;
  const death = crashOf(played);
  if (death !== undefined) {
    const { trap, step, words, place } = death;
    return { kind: "crash", at, trap, step, words, where: placeInFile(source, place) };
  }
  const refusal = refusalOf(played);
  if (refusal === undefined) return { kind: "accepted" };
  const { errno, step, reference, words, place } = refusal;
  const errnoName = findErrnoName(errno);
  const lines = played.after.console.slice(played.before.console.length);
  return {
    kind: "refused",
    at,
    errno,
    step,
    reference,
    words,
    ...(errnoName === undefined ? {} : { errnoName }),
    where: placeInFile(source, place),
    console: lines.map((line) => `${CONSOLE_PREFIX}${line}`),
  };
}

export function assumptionsOf({ upload, act }: PlayedStep): readonly Assumption[] {
  const all = [...upload.assumptions, ...(act?.assumptions ?? [])];
  const first = new Map(all.map((assumption) => [assumption.words, assumption]));
  return [...first.values()];
}
