// One remote run of `xen-livepatch`, together with what is needed after it: the list of payloads and,
// when it failed, the console. One round trip.

import { randomUUID } from "node:crypto";
import type { Deadline } from "../deadline.ts";
import type { RemoteScript } from "../remote-script.ts";
import type { SshConnection } from "./connection.ts";
import type { ToolOutput } from "./stock-output.ts";
import { REMOTE_PRELUDE } from "./tools.ts";
import { withTemporaryFile } from "./upload.ts";

export interface ToolRun {
  readonly output: ToolOutput;
  /** What the tool listed right after the run; `undefined` when it could not. */
  readonly list: string | undefined;
  /** The output of `xl dmesg` after a failure; `undefined` without a failure, or if xl does not work. */
  readonly ring: string | undefined;
}

/** $1 separates the parts of the output; the rest is the tool's command line. */
const RUN = `
separator=$1
shift
xen-livepatch "$@"
code=$?
echo "$separator$code"
xen-livepatch list 2>/dev/null
echo "$separator$?"
[ $code -eq 0 ] || xl dmesg 2>/dev/null
`;

export interface ToolRequest {
  /** In messages: `upload payload "fix"`. */
  readonly task: string;
  readonly argv: readonly string[];
  /** A payload, whose path becomes the last argument. */
  readonly file?: Uint8Array;
}

export async function runStockTool(
  connection: SshConnection,
  request: ToolRequest,
  deadline: Deadline,
): Promise<ToolRun> {
  const separator = `xsplice ${randomUUID()} `;
  const remote = remoteOf(request, separator);
  const { stdout, stderr, exitCode } = await connection.run(remote, deadline);
  const [said = "", listed, ring = ""] = stdout.split(separator);
  // Without a separator the script itself ended early.
  if (listed === undefined) {
    return { output: { stdout, stderr, exitCode }, list: undefined, ring: undefined };
  }
  const list = afterNumber(listed);
  const after = afterNumber(ring);
  return {
    output: { stdout: said, stderr, exitCode: list.number },
    list: after.number === 0 ? list.rest : undefined,
    ring: after.rest === "" ? undefined : after.rest,
  };
}

function remoteOf({ task, argv, file }: ToolRequest, separator: string): RemoteScript {
  const args = [separator, ...argv];
  if (file === undefined) return { task, script: REMOTE_PRELUDE + RUN, args };
  return withTemporaryFile({ task, script: `set -- "$@" "$file"${RUN}`, args }, file);
}

/** Exit code of the previous part, and the text that follows it. */
function afterNumber(text: string): { readonly number: number; readonly rest: string } {
  const end = text.indexOf("\n");
  return { number: Number(text.slice(0, end)), rest: text.slice(end + 1) };
}
