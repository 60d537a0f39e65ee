// The journal of a dom0 that we reach by running scripts there: over ssh, or through a lab's agent.

import type { CallOptions } from "../../host/call-options.ts";
import { HostError } from "../../host/errors.ts";
import type { JournalStore } from "../../host/journal-store.ts";
import { systemClock } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import type { RemoteScript, RunScript } from "../remote-script.ts";
import { JOURNAL_FILE, JOURNAL_FOLDER, nameAside } from "./place.ts";

const READ_SCRIPT = `
file=$1/$2
[ -e "$file" ] || exit 0
exec cat "$file"
`;

/** A journal that was cut short on the way never takes the old one's place. */
const WRITE_SCRIPT = `
umask 077
[ -d "$1" ] || mkdir -p "$1" || exit 1
beside=$1/$2.$$
trap 'rm -f "$beside"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$beside" || exit 1
[ "$(wc -c <"$beside")" -eq "$3" ] || { echo "it was cut short on the way" >&2; exit 1; }
sync
mv -f "$beside" "$1/$2" && trap - EXIT
`;

const ASIDE_SCRIPT = `exec mv -f "$1/$2" "$1/$3"`;

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
    const text = await this.#do(remote, options);
    return text === "" ? undefined : text;
  }

  async write(text: string, options: CallOptions): Promise<void> {
    const stdin = new TextEncoder().encode(text);
    const args = [JOURNAL_FOLDER, JOURNAL_FILE, String(stdin.length)];
    await this.#do({ task: "keep the journal", script: WRITE_SCRIPT, args, stdin }, options);
  }

  async setAside(at: Date, options: CallOptions): Promise<string> {
    const name = nameAside(at);
    const args = [JOURNAL_FOLDER, JOURNAL_FILE, name];
    await this.#do({ task: "set the journal aside", script: ASIDE_SCRIPT, args }, options);
    return `${JOURNAL_FOLDER}/${name}`;
  }

  async #do(remote: RemoteScript, options: CallOptions): Promise<string> {
    const deadline = startDeadline(this.#label, options, systemClock);
    const result = await this.#run(remote, deadline);
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
