// A remote file that exists while one remote command runs.

import type { RemoteScript } from "../remote-script.ts";
import { REMOTE_PRELUDE } from "./tools.ts";

/**
 * Writes `bytes` to a remote file and runs the script with its path in `$file`. The file is always
 * removed; a file that was truncated during transfer is never used.
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
