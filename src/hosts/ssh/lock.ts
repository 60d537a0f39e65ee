// The lock of a dom0 reached by ssh: a file there, locked by a session that ends with this process.
// Everyone who works on that host, from any machine, locks the same file.

import type { CallOptions } from "../../host/call-options.ts";
import { systemClock } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import { JOURNAL_FOLDER, LOCK_FILE } from "../journal/place.ts";
import { cannotLock } from "../lock-file.ts";
import type { SshConnection } from "./connection.ts";

const LOCK_SCRIPT = `
umask 077
[ -d "$1" ] || mkdir -p "$1"
exec 9>"$1/$2" || exit 1
flock -n -E 75 9
case $? in
0) echo held; exec cat >/dev/null ;;
75) echo taken ;;
esac
`;

/**
 * @returns `undefined` when another process holds it
 * @throws HostError host/unsupported, host/unreachable, host/timeout
 */
export async function lockRemote(
  connection: Pick<SshConnection, "label" | "hold">,
  options: CallOptions,
): Promise<AsyncDisposable | undefined> {
  const args = [JOURNAL_FOLDER, LOCK_FILE];
  const remote = { task: "keep others away", script: LOCK_SCRIPT, args };
  const deadline = startDeadline(connection.label, options, systemClock);
  const held = await connection.hold(remote, deadline);
  if (held.firstLine === "held") return { [Symbol.asyncDispose]: () => held.end() };
  await held.end();
  if (held.firstLine === "taken") return undefined;
  throw cannotLock(`${JOURNAL_FOLDER}/${LOCK_FILE} on ${connection.label}`, held.said);
}
