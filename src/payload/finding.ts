// A problem found in a payload. Readers of payloads collect findings and continue with the rest;
// parsePayload() throws the first error among them, inspectPayload() shows all.

import { ElfError, type ElfErrorCode } from "../elf/errors.ts";
import type { ErrorReport } from "../error.ts";
import { PayloadError, type PayloadErrorCode } from "./errors.ts";

/**
 * `error`: Xen refuses to load or to apply the payload, or is harmed by it; `warning`: it works, but
 * cannot be what its author intended.
 */
export type Severity = "error" | "warning";

export interface PayloadFinding {
  readonly severity: Severity;
  readonly report: ErrorReport<PayloadErrorCode | ElfErrorCode>;
}

/** The most findings shown for a payload with thousands of broken entries. */
const FINDINGS_MAX = 100;

export class Findings {
  readonly #list: PayloadFinding[] = [];

  get list(): readonly PayloadFinding[] {
    return this.#list;
  }

  error(report: PayloadFinding["report"]): void {
    this.#add({ severity: "error", report });
  }

  warning(report: PayloadFinding["report"]): void {
    this.#add({ severity: "warning", report });
  }

  /** The result of `read`, or `fallback` and a finding with the error. Internal errors are thrown on. */
  attempt<Value>(read: () => Value, fallback: Value, severity: Severity = "error"): Value {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ElfError || error instanceof PayloadError)) throw error;
      this.#add({ severity, report: error.report });
      return fallback;
    }
  }

  #add(finding: PayloadFinding): void {
    if (this.#list.length < FINDINGS_MAX) this.#list.push(finding);
  }
}

/** @throws PayloadError the first error, if there is one */
export function throwFirstError(findings: readonly PayloadFinding[]): void {
  const first = findings.find(({ severity }) => severity === "error");
  if (first !== undefined) throw new PayloadError(first.report);
}
