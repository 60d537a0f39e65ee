// The state in a status, ignoring an action under way and the result of the last action.

import { unreachable } from "../invariant.ts";
import type { PayloadStatus, SettledState } from "./host.ts";

export function settledState(status: PayloadStatus): SettledState {
  switch (status.kind) {
    case "checked":
    case "applied":
      return status.kind;
    case "busy":
    case "failed":
      return status.settled;
    default:
      return unreachable(status);
  }
}
