// A failure as text for standard error. Under the stock commands the lines of xen-livepatch come first,
// word for word, because scripts look for them; our explanation follows.

import { formatReport, type XspliceError } from "../../error.ts";
import { HostError } from "../../host/errors.ts";
import { stockErrorLine } from "./stock.ts";
import { StockError } from "./stock-error.ts";

export function renderError(error: XspliceError, voice: "stock" | "own"): string {
  const report = formatReport(error.report);
  if (error instanceof StockError) return [...error.stockLines, report].join("\n");
  const errno = voice === "stock" ? errnoOf(error) : undefined;
  return errno === undefined ? report : [stockErrorLine(errno), report].join("\n");
}

function errnoOf(error: XspliceError): number | undefined {
  return error instanceof HostError ? error.errno : undefined;
}

/** A stack trace helps here: the user is asked to send it. */
export function renderBug(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    "This is a bug in xsplice, not a mistake of yours.",
    `  version:   Node ${process.version}, ${process.platform} ${process.arch}`,
    "  remedy:    please report it with the lines below",
    "",
    trace,
  ].join("\n");
}
