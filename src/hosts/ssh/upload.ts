// A file for the time of one remote command.

import type { RemoteScript } from "../remote-script.ts";
import { REMOTE_PRELUDE } from "./tools.ts";

/**
 * Puts `bytes` into a file there and runs the script, which finds its path in `$file`. The file goes
 * whatever happens; a file that was cut short on the way is never used.
 */
export function withTemporaryFile(
  { task, script: command, args = [] }: Omit<RemoteScript, "stdin">,
  bytes: Uint8Array,
): RemoteScript {
  const script = `${REMOTE_PRELUDE}
umask 077
size=$1
shift
file=$(mktemp) || exit 1
trap 'rm -f "$file"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$file"
[ "$(wc -c <"$file")" -eq "$size" ] || { echo "the file was cut short on the way" >&2; exit 1; }
${command}
`;
  return { task, script, args: [String(bytes.length), ...args], stdin: bytes };
}
