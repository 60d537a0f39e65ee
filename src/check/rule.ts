// A rule as data: one thing that Xen does not check, and how to find it in one step of a check. The
// rules are in rules-*.ts; rules.ts has all of them by id.

import type { Architecture } from "../isa/architecture.ts";
import type { Release } from "../xen-abi/release.ts";
import type { CheckedStep } from "./step.ts";

/**
 * `crash`: this hypervisor crashes; `hazard`: something goes wrong, or can; `note`: useful to know, but
 * not a reason against loading the payload here.
 */
export type Severity = "crash" | "hazard" | "note";

export interface Finding {
  /** A whole sentence without its full stop, about the case at hand. */
  readonly problem: string;
  /** In the user's file. */
  readonly where: string;
  /** If it differs from the rule's own. */
  readonly severity?: Severity;
}

export interface Rule {
  /** One line, lower case, no full stop. */
  readonly title: string;
  readonly severity: Severity;
  /** Whole sentences, for `--explain` and docs/check.md. */
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
  /** Releases that it concerns; all when missing. */
  readonly concerns?: (release: Release, architecture: Architecture) => boolean;
  /**
   * `any-host`: the harm is done before Xen compares build-ids, so a hypervisor that the payload was
   * not made for is affected as well. All other rules apply only to the releases that they concern.
   */
  readonly reach?: "any-host";
  readonly check: (step: CheckedStep) => readonly Finding[];
}
