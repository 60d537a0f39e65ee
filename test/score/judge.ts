// Holds an answer against what a person expects of the fix.

import type { Expectation } from "./fix-list.ts";
import { causesOf, type Result } from "./result.ts";

export type Verdict =
  /** As expected. */
  | { readonly kind: "right" }
  /** It would be trusted, and must not be. */
  | { readonly kind: "wrong"; readonly why: string }
  /** There could have been a payload, or an answer. */
  | { readonly kind: "avoidable"; readonly why: string }
  /** Rightly refused, and not for these reasons. */
  | { readonly kind: "false-reason"; readonly why: string }
  /** It is not counted: the base lacks what it stands on. */
  | { readonly kind: "not-scored"; readonly why: string }
  /** Nobody has said what is right. */
  | { readonly kind: "unjudged" };

export function judge({ answer, trial }: Result, expected: Expectation | undefined): Verdict {
  if (trial?.kind === "failed") return wrong(`${trial.step} failed: ${trial.said}`);
  if (trial?.kind === "ran" && trial.complaints.length > 0) {
    return wrong(`the hypervisor complains: ${trial.complaints.join("; ")}`);
  }
  if (answer.kind === "not-alone") return { kind: "not-scored", why: answer.why };
  if (expected === undefined) return { kind: "unjudged" };
  const wanted = expected.kind;
  switch (answer.kind) {
    case "payload": {
      if (wanted !== "payload") return wrong(`a payload was built, expected was ${wanted}`);
      const missing = expected.names.filter(
        (name) => !answer.functions.some((one) => isNamed(one, name)),
      );
      return missing.length === 0 ? right : wrong(`it lacks ${missing.join(", ")}`);
    }
    case "no-change":
      return wanted === "no-change" ? right : wrong("it is called without effect");
    case "refused": {
      const causes = causesOf(answer);
      if (wanted !== "refused") return { kind: "avoidable", why: `refused: ${causes.join(", ")}` };
      const rules = [...expected.names].sort();
      if (rules.join() === causes.join()) return right;
      return { kind: "false-reason", why: `expected ${rules.join(", ")}; ${causes.join(", ")}` };
    }
    case "error":
      return { kind: "avoidable", why: `${answer.code}: ${answer.problem}` };
  }
}

/** A static function of a name that several files have is told with its file: `a/b.c#f`. */
function isNamed(found: string, name: string): boolean {
  return found === name || found.endsWith(`#${name}`);
}

const right: Verdict = { kind: "right" };

function wrong(why: string): Verdict {
  return { kind: "wrong", why };
}

export interface Summary {
  /** Those that are scored. */
  readonly fixes: number;
  readonly right: number;
  readonly payloads: number;
  readonly wrong: number;
  readonly avoidable: number;
  readonly seconds: number;
}

export interface Judged {
  readonly result: Result;
  readonly verdict: Verdict;
}

export function summarize(
  all: readonly { readonly result: Result; readonly verdict: { readonly kind: string } }[],
): Summary {
  const scored = all.filter(({ verdict }) => verdict.kind !== "not-scored");
  const count = (kind: Verdict["kind"]) => scored.filter((one) => one.verdict.kind === kind).length;
  const isPayload = ({ result, verdict }: (typeof all)[number]) =>
    result.answer.kind === "payload" && verdict.kind !== "wrong";
  return {
    fixes: scored.length,
    right: count("right"),
    payloads: scored.filter(isPayload).length,
    wrong: count("wrong"),
    avoidable: count("avoidable"),
    seconds: Math.round(all.reduce((sum, { result }) => sum + result.seconds, 0)),
  };
}

/** What was answered otherwise in an earlier run, in words; nothing when it is the same. */
export function changeOf(before: Result, after: Result): string | undefined {
  const [old, now] = [before, after].map(inWords);
  return old === now ? undefined : `was: ${old}`;
}

/** The answer with what makes it up, on one line. */
export function inWords({ answer, trial }: Result): string {
  switch (answer.kind) {
    case "payload": {
      const trouble = trial?.kind === "failed" ? `, ${trial.step} failed` : "";
      return `payload: ${[...answer.functions].sort().join(", ")}${trouble}`;
    }
    case "refused":
      return `refused: ${causesOf(answer).join(", ")}`;
    case "error":
      return `error: ${answer.code}`;
    default:
      return answer.kind;
  }
}
