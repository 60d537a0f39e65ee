// What a look at a payload found wrong. Readers of payloads collect findings and go on with what
// is left; parsePayload() throws the first error among them, inspectPayload() shows all.

import { ElfError, type ElfErrorCode } from "../elf/errors.ts";
import type { ErrorReport } from "../error.ts";
import { PayloadError, type PayloadErrorCode } from "./errors.ts";

/**
 * `error`: Xen refuses to load or to apply the payload, or comes to harm by it; `warning`: it
 * works, and is not what its author can have meant.
 */
export type Severity = "error" | "warning";

export interface PayloadFinding {
  readonly severity: Severity;
  readonly report: ErrorReport<PayloadErrorCode | ElfErrorCode>;
}

/** What is shown of a payload with thousands of broken entries. */
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

  /** What `read` gives, or `fallback` and a finding of what it threw. Bugs of ours pass through. */
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
