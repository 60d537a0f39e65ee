// A failure as text for standard error. Under the stock verbs the lines that xen-livepatch would
// print come first, word for word, since scripts look for them; what we know beyond follows.

import { formatReport, type XspliceError } from "../../error.ts";
import { HostError } from "../../host/errors.ts";
import { Errno } from "../../xen-abi/errno.ts";
import { stockErrorLine } from "./stock.ts";
import { StockError } from "./stock-error.ts";

export function renderError(error: XspliceError, voice: "stock" | "own"): string {
  const report = formatReport(error.report);
  if (error instanceof StockError) return [...error.stockLines, report].join("\n");
  const errno = voice === "stock" ? errnoOf(error) : undefined;
  return errno === undefined ? report : [stockErrorLine(errno), report].join("\n");
}

function errnoOf(error: XspliceError): number | undefined {
  // Refused by us before Xen was asked, which would have said the same.
  if (error.report.code === "payload/already-loaded") return Errno.EEXIST;
  return error instanceof HostError ? error.errno : undefined;
}

/** Here a stack trace helps: whoever reads it is asked to send it. */
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
