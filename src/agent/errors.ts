// Why an agent, or the connection to it, failed.

import { XspliceError } from "../error.ts";

export type AgentErrorCode =
  /** HELLO was not answered. */
  | "agent/no-answer"
  /** The connection ended, or the client closed it, during a request. */
  | "agent/disconnected"
  /** The caller's signal ended the wait. */
  | "agent/aborted"
  /** The agent could not serve the request; the message has its reason. */
  | "agent/refused"
  /** The other side uses another protocol, or another version of it. */
  | "agent/protocol"
  /** The request could not be put into a frame. */
  | "agent/bad-request";

export class AgentError extends XspliceError<AgentErrorCode> {}
