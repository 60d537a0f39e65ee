// How an agent, or the way to it, says no.

import { XspliceError } from "../error.ts";

export type AgentErrorCode =
  /** Nothing came in answer to HELLO. */
  | "agent/no-answer"
  /** The connection ended, or the client closed it, with work under way. */
  | "agent/disconnected"
  /** The caller's signal ended the wait. */
  | "agent/aborted"
  /** The agent could not serve the request, and says why. */
  | "agent/refused"
  /** The other side speaks another protocol, or another version of it. */
  | "agent/protocol"
  /** The request could not be put into a frame. */
  | "agent/bad-request";

export class AgentError extends XspliceError<AgentErrorCode> {}
