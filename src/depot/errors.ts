// What can be wrong with a depot: with what a vendor asks of it, or with what a host reads of it.

import { XspliceError } from "../error.ts";

export type DepotErrorCode =
  /** What was asked for does not fit the depot: no such channel, no such base, a name that is taken. */
  | "depot/bad-request"
  /** A file of the depot's own state cannot be read. */
  | "depot/damaged"
  /** Another command changes the same depot, or the same trust. */
  | "depot/busy"
  /** A key is missing, or its passphrase is wrong. */
  | "depot/key"
  /** A payload is not what its base needs, or has hazards that nobody allowed. */
  | "depot/refused-payload"
  /** The depot did not answer, or answered with nothing. */
  | "depot/unreachable"
  /** This host trusts no depot yet, or another one. */
  | "depot/no-trust"
  /** What the depot serves is not what its keys have signed. */
  | "depot/not-trusted"
  /** What was signed is too old to be believed. */
  | "depot/expired"
  /** The time of this machine and what was signed cannot both be right. */
  | "depot/clock"
  /** The depot says nothing of this hypervisor. */
  | "depot/no-wish"
  /** The host runs payloads that the depot has never named. */
  | "depot/others"
  /** The policy of this machine cannot be followed: it is broken, or others may change it. */
  | "depot/bad-policy";

export class DepotError extends XspliceError<DepotErrorCode> {}
