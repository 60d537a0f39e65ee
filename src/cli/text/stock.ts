// The texts of xen-livepatch (Xen 4.14 and later), so that scripts which parse them keep working: ABI
// reference §7, and the tool's output on a real Xen, which a lab test compares with ours.

import type { ListedPayload, PayloadStatus, SettledState } from "../../host/host.ts";
import { settledState } from "../../host/settled-state.ts";
import { Errno, textOfErrno } from "../../xen-abi/errno.ts";
import { onOneLine } from "./visible.ts";

const NAME_COLUMNS = 40;

export function stockList(payloads: readonly ListedPayload[]): string {
  if (payloads.length === 0) return "Nothing to list\n";
  const header = `${" ID".padEnd(NAME_COLUMNS)}| status     | metadata\n`;
  const rule = `${"-".repeat(NAME_COLUMNS)}+------------+---------------\n`;
  return header + rule + payloads.map(stockListLine).join("");
}

function stockListLine(payload: ListedPayload): string {
  const { name, status, metadata } = onOneLine(payload);
  const errno = errnoOf(status);
  const result = errno === undefined ? "" : ` (${errno}, ${textOfErrno(errno)})`;
  const column = `${stockState(settledState(status))}${result}    | `;
  return `${name.padEnd(NAME_COLUMNS)}| ${column}${(metadata ?? []).join(";")}\n`;
}

function errnoOf(status: PayloadStatus): number | undefined {
  if (status.kind === "busy") return Errno.EAGAIN;
  return status.kind === "failed" ? status.errno : undefined;
}

export function stockState(state: SettledState): "CHECKED" | "APPLIED" {
  return state === "applied" ? "APPLIED" : "CHECKED";
}

export function stockErrorLine(errno: number): string {
  return `Error ${errno}: ${textOfErrno(errno)}`;
}
