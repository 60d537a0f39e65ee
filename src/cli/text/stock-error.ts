// A refusal for which xen-livepatch has its own messages.

import type { ErrorReport } from "../../error.ts";
import { HostError, type HostErrorCode } from "../../host/errors.ts";

export class StockError extends HostError {
  /** What xen-livepatch prints on standard error, line by line. */
  readonly stockLines: readonly string[];

  constructor(
    stockLines: readonly string[],
    report: ErrorReport<HostErrorCode>,
    options?: ErrorOptions & { errno?: number },
  ) {
    super(report, options);
    this.stockLines = stockLines;
  }
}
