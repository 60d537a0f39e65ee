// Files of a lab's dom0, read and written by its agent: a process there for each look at a file takes longer than
// the rest of an action.

import { AgentError } from "../agent/errors.ts";
import type { HypercallResult } from "../agent/messages.ts";
import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { JournalStore, UnreadJournal } from "../host/journal-store.ts";
import type { Lab } from "../lab/lab.ts";
import { ScriptBootStore } from "./boot/store.ts";
import { systemClock } from "./clock.ts";
import { startDeadline } from "./deadline.ts";
import { JOURNAL_FILE, JOURNAL_FOLDER } from "./journal/place.ts";
import { ScriptJournal } from "./journal/script.ts";
import type { RunScript } from "./remote-script.ts";

const JOURNAL_PATH = `${JOURNAL_FOLDER}/${JOURNAL_FILE}`;
/** It is there where payloads are applied after a reboot (share/boot/manage.sh). */
const BOOT_SCRIPT_PATH = `${JOURNAL_FOLDER}/boot/xsplice-boot.sh`;

/** Linux' numbers for a file that is not there. */
const [ENOENT, ENOTDIR] = [2, 20];

function isMissing({ result }: HypercallResult): boolean {
  return result === -ENOENT || result === -ENOTDIR;
}

/** `undefined` when there is no such file, or it cannot be read. @throws LabError lab/crashed, AgentError */
export async function readLabFile(
  lab: Lab,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { result, output } = await lab.guard(lab.agent.readFile(path, signal));
  return result < 0 ? undefined : Buffer.from(output).toString();
}

/** What is rare is done by scripts, as on other hosts. */
export class LabJournal implements JournalStore {
  readonly #lab: Lab;
  readonly #byScript: ScriptJournal;

  constructor(lab: Lab, run: RunScript) {
    this.#lab = lab;
    this.#byScript = new ScriptJournal(lab.label, run);
  }

  async read(options: CallOptions): Promise<string | undefined> {
    const task = "read the journal";
    const read = await limited(this.#lab, { task, options }, (signal) =>
      this.#lab.agent.readFile(JOURNAL_PATH, signal),
    );
    if (isMissing(read)) return undefined;
    if (read.result < 0) throw failure(this.#lab, task, read.result);
    return Buffer.from(read.output).toString();
  }

  async write(text: string, options: CallOptions): Promise<void> {
    const task = "keep the journal";
    const content = new TextEncoder().encode(text);
    const written = await limited(this.#lab, { task, options }, (signal) =>
      this.#lab.agent.writeFile(JOURNAL_PATH, content, signal),
    );
    // The agent makes the last directory of the path; a new dom0 may lack the ones above it, too.
    if (isMissing(written)) return await this.#byScript.write(text, options);
    if (written.result < 0) throw failure(this.#lab, task, written.result);
  }

  setAside(what: UnreadJournal, options: CallOptions): Promise<string | undefined> {
    return this.#byScript.setAside(what, options);
  }
}

export class LabBootStore extends ScriptBootStore {
  readonly #lab: Lab;

  constructor(lab: Lab, run: RunScript) {
    super(lab.label, run);
    this.#lab = lab;
  }

  override async isEnabled(options: CallOptions): Promise<boolean> {
    const task = "look whether payloads are applied after a reboot";
    const { result } = await limited(this.#lab, { task, options }, (signal) =>
      this.#lab.agent.readFile(BOOT_SCRIPT_PATH, signal),
    );
    return result >= 0;
  }
}

interface Asked {
  readonly task: string;
  readonly options: CallOptions;
}

function limited(
  lab: Lab,
  { task, options }: Asked,
  ask: (signal: AbortSignal) => Promise<HypercallResult>,
): Promise<HypercallResult> {
  return startDeadline(lab.label, options, systemClock).limit(task, async (signal) => {
    try {
      return await lab.guard(ask(signal));
    } catch (error) {
      // Too long for one frame, perhaps: the host is there, and the action goes on.
      if (error instanceof AgentError && error.report.code === "agent/refused")
        throw failure(lab, task, error.report.problem);
      throw error;
    }
  });
}

function failure(lab: Lab, task: string, reason: number | string): HostError {
  const state = typeof reason === "number" ? `Linux refused it with error ${-reason}` : reason;
  return new HostError({
    code: "host/journal",
    problem: `Cannot ${task} on ${lab.label}: ${state}`,
    where: JOURNAL_PATH,
    expected: `a directory ${JOURNAL_FOLDER} on the host that root can write to`,
  });
}
