// What the corpus of patches says of each of them.

import type { RefusalRule } from "../../src/diff/ledger.ts";
import type { Probe } from "./probes.ts";

export interface CorpusCase {
  readonly name: string;
  /** `patches/PATCH.patch`; that of the case's own name if undefined. */
  readonly patch?: string;
  /** The rule that it is an example of. */
  readonly rule: string;
  /** Options of `xsplice build` besides the usual ones. */
  readonly options?: readonly string[];
  /** A file of `hooks/`. */
  readonly hooks?: string;
  readonly expected: Expectation;
}

export type Expectation =
  | {
      /** Exit code 0. */
      readonly outcome: "built";
      /** All functions that get a new body, as Xen's own table spells them, sorted. */
      readonly functions: readonly string[];
      /** Files of the patch that are no part of the payload, by what the ledger calls them. */
      readonly leftOut: Readonly<Record<string, FileOutcome>>;
      /** How the fix shows on the hypervisor; none where it takes a machine that the lab is not. */
      readonly shows: Effect | undefined;
    }
  | {
      /** Exit code 2. */
      readonly outcome: "refused";
      /** `rule: what` of every refusal, sorted. */
      readonly refusals: readonly string[];
    }
  | {
      /** Exit code 3. */
      readonly outcome: "unchanged";
      readonly leftOut?: Readonly<Record<string, FileOutcome>>;
    }
  | {
      /** Exit code 1. */
      readonly outcome: "error";
      readonly code: string;
    };

export type FileOutcome = "not-in-configuration" | "not-hypervisor" | "refused";

/** What the probe finds before the payload is applied and when it is reverted, and in between. */
export interface Effect {
  readonly probe: Probe;
  readonly without: RegExp;
  readonly with: RegExp;
}

/** Exit code of `xsplice build`. */
export const exitCodes: Readonly<Record<Expectation["outcome"], number>> = {
  built: 0,
  error: 1,
  refused: 2,
  unchanged: 3,
};

/** Rules of the comparison, and those that other passes of a build add to them. */
export type AnyRule =
  | RefusalRule
  | "file"
  | "layout"
  | "missing-symbol"
  | "moved-between-files"
  | "run-pre"
  | "unsupported";

export function refused(...refusals: readonly `${AnyRule}: ${string}`[]): Expectation {
  return { outcome: "refused", refusals: [...refusals].sort() };
}

export function built(
  functions: readonly string[],
  shows: Effect | undefined,
  leftOut: Readonly<Record<string, FileOutcome>> = {},
): Expectation {
  return { outcome: "built", functions: [...functions].sort(), shows, leftOut };
}
