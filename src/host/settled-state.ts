// The state in a status, without what is under way and without the result of the last action.

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
