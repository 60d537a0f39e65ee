// What a rule is: data about one thing that Xen does not check, and how it is found in one step of
// a check. The rules themselves are in rules-*.ts, all of them by id in rules.ts.

import type { Architecture } from "../isa/architecture.ts";
import type { Release } from "../xen-abi/release.ts";
import type { CheckedStep } from "./step.ts";

/**
 * `crash`: this hypervisor dies of it; `hazard`: it goes wrong, or can; `note`: good to know, and
 * no reason not to load the payload here.
 */
export type Severity = "crash" | "hazard" | "note";

export interface Finding {
  /** A whole sentence without its full stop, in the words of the case in question. */
  readonly problem: string;
  /** In the user's file. */
  readonly where: string;
  /** Where it is not the rule's own. */
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
  /** Releases that it concerns; every one when left out. */
  readonly concerns?: (release: Release, architecture: Architecture) => boolean;
  /**
   * `any-host`: the harm is done before Xen compares build-ids, so a hypervisor that the payload
   * was not made for suffers as well. All others are left alone on releases not concerned.
   */
  readonly reach?: "any-host";
  readonly check: (step: CheckedStep) => readonly Finding[];
}
