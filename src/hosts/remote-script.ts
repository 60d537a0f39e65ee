// A script for the shell of a remote dom0, and its result: over ssh, or through a lab's agent.

import type { Deadline } from "./deadline.ts";

export interface RemoteScript {
  /** Its purpose, for messages: `list the payloads`. */
  readonly task: string;
  /** For `sh`; refers to `args` as `$1`, `$2` … */
  readonly script: string;
  readonly args?: readonly string[];
  readonly stdin?: Uint8Array;
}

export interface RemoteResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs it to its end; every exit code of the script is a result, not an error. */
export type RunScript = (remote: RemoteScript, deadline: Deadline) => Promise<RemoteResult>;
