// What can be wrong with a request to the fleet, or with what its store holds.

import { XspliceError } from "../error.ts";

export type FleetErrorCode =
  /** A selector, waves, limits, a window or a name that cannot be read or contradicts itself. */
  | "fleet/bad-request"
  /** A selector asks for a label that no host has. */
  | "fleet/unknown-label"
  /** A selector that fits no host. */
  | "fleet/nothing-selected"
  /** A record of the store is not what this release writes. */
  | "fleet/damaged";

export class FleetError extends XspliceError<FleetErrorCode> {}
