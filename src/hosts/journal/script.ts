// The journal of a dom0 that runs scripts for us: over ssh, or through a lab's agent.

import type { CallOptions } from "../../host/call-options.ts";
import { HostError } from "../../host/errors.ts";
import type { JournalStore, LoggedAction, UnreadJournal } from "../../host/journal-store.ts";
import { systemClock } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import type { RemoteResult, RemoteScript, RunScript } from "../remote-script.ts";
import { JOURNAL_FILE, JOURNAL_FOLDER, nameAside } from "./place.ts";
import { TELL_FUNCTION, tellArguments } from "./system-log.ts";

/** An empty journal is not the same as none. */
const READ_SCRIPT = `
file=$1/$2
[ ! -d "$1" ] || [ -x "$1" ] || { echo "permission denied" >&2; exit 1; }
[ -e "$file" ] || exit 0
echo journal
exec cat "$file"
`;

/**
 * A journal that was truncated during transfer never replaces the old one. $4 and what follows are for the
 * system's log.
 */
const WRITE_SCRIPT = `
${TELL_FUNCTION}
if [ $# -gt 3 ]; then tell "$4" "$5" "$6" "$7" "$8"; fi
umask 077
[ -d "$1" ] || mkdir -p "$1" || exit 1
beside=$1/$2.$$
trap 'rm -f "$beside"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$beside" || exit 1
[ "$(wc -c <"$beside")" -eq "$3" ] || { echo "it was cut short on the way" >&2; exit 1; }
to_disk() { sync "$1" 2>/dev/null || sync; }
to_disk "$beside"
mv -f "$beside" "$1/$2" || exit 1
trap - EXIT
to_disk "$1"
`;

/** The stored journal is another one than expected, or missing. */
const ANOTHER = 75;

/** The checksum is taken first: if another journal is written in between, it does not match. */
const IDENTIFY_SCRIPT = `
file=$1/$2
[ -e "$file" ] || exit ${ANOTHER}
sha256sum <"$file" || exit 1
exec cat "$file"
`;

/**
 * $4: the checksum; empty for a journal that could not be read. The journal is its own lock: a process
 * that waited for one that was renamed finds another, or none.
 */
const ASIDE_SCRIPT = `
file=$1/$2
[ -e "$file" ] || exit ${ANOTHER}
command exec 9<"$file" && flock 9
if [ -n "$4" ]; then
  [ "$(sha256sum <"$file")" = "$4" ] || exit ${ANOTHER}
elif cat "$file" >/dev/null 2>&1; then
  exit ${ANOTHER}
fi
exec mv -f "$file" "$1/$3"
`;

export class ScriptJournal implements JournalStore {
  readonly #label: string;
  readonly #run: RunScript;

  constructor(label: string, run: RunScript) {
    this.#label = label;
    this.#run = run;
  }

  async read(options: CallOptions): Promise<string | undefined> {
    const args = [JOURNAL_FOLDER, JOURNAL_FILE];
    const remote = { task: "read the journal", script: READ_SCRIPT, args };
    const output = await this.#do(remote, options);
    return output === "" ? undefined : restOf(output);
  }

  async write(text: string, options: CallOptions, ended?: LoggedAction): Promise<void> {
    const stdin = new TextEncoder().encode(text);
    const told = ended === undefined ? [] : tellArguments(ended);
    const args = [JOURNAL_FOLDER, JOURNAL_FILE, String(stdin.length), ...told];
    await this.#do({ task: "keep the journal", script: WRITE_SCRIPT, args, stdin }, options);
  }

  async tell(ended: LoggedAction, options: CallOptions): Promise<void> {
    const args = [JOURNAL_FOLDER, JOURNAL_FILE, "0", ...tellArguments(ended)];
    const script = `${TELL_FUNCTION}\ntell "$4" "$5" "$6" "$7" "$8"`;
    try {
      await this.#do({ task: "tell the system's log", script, args }, options);
    } catch (error) {
      // The action has ended; whether it is told is no part of it.
      if (!(error instanceof HostError)) throw error;
    }
  }

  async setAside({ text, at }: UnreadJournal, options: CallOptions): Promise<string | undefined> {
    const task = "set the journal aside";
    const name = nameAside(at);
    const place = [JOURNAL_FOLDER, JOURNAL_FILE];
    let checksum = "";
    if (text !== undefined) {
      const identify = { task, script: IDENTIFY_SCRIPT, args: place };
      const found = await this.#doUnlessAnother(identify, options);
      if (found === undefined || restOf(found) !== text) return undefined;
      checksum = found.slice(0, found.indexOf("\n"));
    }
    const move = { task, script: ASIDE_SCRIPT, args: [...place, name, checksum] };
    const moved = await this.#doUnlessAnother(move, options);
    return moved === undefined ? undefined : `${JOURNAL_FOLDER}/${name}`;
  }

  async #doUnlessAnother(remote: RemoteScript, options: CallOptions): Promise<string | undefined> {
    const result = await this.#start(remote, options);
    return result.exitCode === ANOTHER ? undefined : this.#outputOf(remote, result);
  }

  async #do(remote: RemoteScript, options: CallOptions): Promise<string> {
    return this.#outputOf(remote, await this.#start(remote, options));
  }

  #start(remote: RemoteScript, options: CallOptions): Promise<RemoteResult> {
    return this.#run(remote, startDeadline(this.#label, options, systemClock));
  }

  #outputOf(remote: RemoteScript, result: RemoteResult): string {
    if (result.exitCode === 0) return result.stdout;
    const said = result.stderr.trim();
    throw new HostError({
      code: "host/journal",
      problem: `Cannot ${remote.task} on ${this.#label}: its script ended with ${result.exitCode}`,
      ...(said === "" ? {} : { where: said }),
      expected: `a directory ${JOURNAL_FOLDER} on the host that root can write to`,
    });
  }
}

/** What follows the first line. */
function restOf(output: string): string {
  return output.slice(output.indexOf("\n") + 1);
}
