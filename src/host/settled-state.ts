// What a status comes down to, leaving out what is under way and what failed.

import type { PayloadStatus, SettledState } from "./host.ts";

export function settledState(status: PayloadStatus): SettledState {
  return status.kind === "busy" || status.kind === "failed" ? status.settled : status.kind;
}
