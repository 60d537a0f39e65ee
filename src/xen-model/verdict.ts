// What the model answers. Xen's refusals and its deaths are values; inside of a pass they are
// thrown as Stop, so that the passes read like Xen's own order of checks, and caught at the door of
// the operation (stopped()).

import { Errno, type ErrnoName } from "../xen-abi/errno.ts";
import { type StepId, steps } from "./steps.ts";
import type { TrapId } from "./traps.ts";

/** Where in the payload's file. */
export interface Place {
  readonly section?: string;
  /** In the file, in bytes. */
  readonly offset?: number;
  readonly symbol?: string;
}

/** Xen says no. */
export interface Refusal {
  readonly kind: "refused";
  /** Positive. */
  readonly errno: number;
  readonly step: StepId;
  /** Section of the ABI reference, as "2.3". */
  readonly reference: string;
  readonly words: string;
  readonly place: Place;
  /** What a release build prints, without the prefix of the console. */
  readonly console: readonly string[];
}

/** Xen dies of it. */
export interface Crash {
  readonly kind: "crash";
  readonly trap: TrapId;
  readonly step: StepId;
  readonly words: string;
  readonly place: Place;
}

/** Something that the files do not tell; the answer holds if it is as assumed. */
export interface Assumption {
  readonly about:
    | "hook-result"
    | "code-changed-at-boot"
    | "payload-place"
    | "memory-not-followed"
    | "freed-memory"
    | "cpu-features"
    | "alternatives-feature";
  readonly words: string;
}

/** An answer with what it rests on. */
export type Answered<Answer> = Answer & { readonly assumptions: readonly Assumption[] };

class Stop extends Error {
  readonly answer: Refusal | Crash;

  constructor(answer: Refusal | Crash) {
    super(answer.words);
    this.answer = answer;
  }
}

export interface RefusalDetails {
  readonly place?: Place;
  readonly console?: readonly string[];
}

/** Ends the operation. @param errno a number is a hook's own */
export function refuse(
  step: StepId,
  errno: ErrnoName | number,
  words: string,
  { place = {}, console = [] }: RefusalDetails = {},
): never {
  const number = typeof errno === "number" ? errno : Errno[errno];
  const reference = steps[step];
  throw new Stop({ kind: "refused", errno: number, step, reference, words, place, console });
}

/** Ends the operation, and the hypervisor. */
export function crash(trap: TrapId, step: StepId, words: string, place: Place = {}): never {
  throw new Stop({ kind: "crash", trap, step, words, place });
}

/** The value of `operation`, or what stopped it. */
export function stopped<Value>(operation: () => Value): Value | Refusal | Crash {
  try {
    return operation();
  } catch (error) {
    if (error instanceof Stop) return error.answer;
    throw error;
  }
}

/** The refusal that ended `operation`; a crash goes on upwards. */
export function refusalOf(operation: () => void): Refusal | undefined {
  try {
    operation();
    return undefined;
  } catch (error) {
    if (error instanceof Stop && error.answer.kind === "refused") return error.answer;
    throw error;
  }
}
