// A dom0 reached by ssh that has xsplice itself: everything is done there, by the local kind of
// host, with one process for each call. What a stock tool cannot do works this way: time limits,
// recovery, reasons.

import type { GenericSchema } from "valibot";
import type { CallOptions } from "../../host/call-options.ts";
import type {
  Action,
  ActOptions,
  ActOutcome,
  ConsoleMark,
  ConsoleText,
  HostCapabilities,
  HostInfo,
  ListedPayload,
  LivepatchHost,
  PayloadStatus,
} from "../../host/host.ts";
import type { JournalStore } from "../../host/journal-store.ts";
import type { Described } from "../../json/decode-json.ts";
import { checkName, checkUpload } from "../bad-argument.ts";
import { systemClock } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import { FACTS_TASK } from "../host-facts.ts";
import { ScriptJournal } from "../journal/script.ts";
import type { SshConnection } from "./connection.ts";
import { remoteConsole } from "./console.ts";
import { lockRemote } from "./lock.ts";
import {
  decodeRemote,
  infoSchema,
  listSchema,
  outcomeSchema,
  uploadedSchema,
} from "./remote-json.ts";
import { REMOTE_PRELUDE, type RemoteTools } from "./tools.ts";
import { withTemporaryFile } from "./upload.ts";

/** Left to the process there for starting and for its answer's way back. */
const PROCESS_SLACK_MS = 2000;

interface Command {
  /** In messages: `upload payload "fix"`. */
  readonly task: string;
  readonly words: readonly string[];
  /** A payload, whose path becomes the last word. */
  readonly file?: Uint8Array;
}

export class SshXspliceHost implements LivepatchHost {
  readonly label: string;
  readonly capabilities: HostCapabilities;
  readonly journal: JournalStore;
  readonly #connection: SshConnection;

  constructor(connection: SshConnection, tools: RemoteTools) {
    this.#connection = connection;
    this.label = connection.label;
    this.journal = new ScriptJournal(connection.label, (remote, deadline) =>
      connection.run(remote, deadline),
    );
    this.capabilities = {
      timeLimit: true,
      noDependencies: true,
      console: tools.ring !== undefined,
      metadata: true,
    };
  }

  lock(options: CallOptions): Promise<AsyncDisposable | undefined> {
    return lockRemote(this.#connection, options);
  }

  async info(options: CallOptions): Promise<HostInfo> {
    return this.#run({ task: FACTS_TASK, words: ["info"] }, infoSchema, options);
  }

  async list(options: CallOptions): Promise<readonly ListedPayload[]> {
    const command = { task: "list the payloads", words: ["list"] };
    return (await this.#run(command, listSchema, options)).payloads;
  }

  async status(name: string, options: CallOptions): Promise<PayloadStatus | undefined> {
    checkName(name);
    const payloads = await this.list(options);
    return payloads.find((payload) => payload.name === name)?.status;
  }

  async upload(name: string, payload: Uint8Array, options: CallOptions): Promise<void> {
    checkUpload(name, payload);
    const words = ["upload", "--", name];
    const command = { task: `upload payload "${name}"`, words, file: payload };
    await this.#run(command, uploadedSchema, options);
  }

  async act(action: Action, name: string, options: ActOptions): Promise<ActOutcome> {
    checkName(name);
    const flags = [
      ...(options.dependencyCheck === "hypervisor-only" ? ["--nodeps"] : []),
      ...(action === "unload" ? [] : ["--quiesce", String(Math.round(options.quiesceMs))]),
    ];
    const words = [action, ...flags, "--", name];
    return this.#run({ task: `${action} payload "${name}"`, words }, outcomeSchema, options);
  }

  async console(since: ConsoleMark | undefined, options: CallOptions): Promise<ConsoleText> {
    return remoteConsole(this.#connection, this.capabilities, { since, options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  async #run<Of extends GenericSchema>(
    { task, words, file }: Command,
    schema: Of,
    options: CallOptions,
  ): Promise<Described<Of>> {
    const seconds = Math.max(1, options.deadlineMs - PROCESS_SLACK_MS) / 1000;
    const args = ["--host", "local", "--json", "--timeout", String(seconds), ...words];
    const remote =
      file === undefined
        ? { task, script: `${REMOTE_PRELUDE} xsplice "$@"`, args }
        : withTemporaryFile({ task, script: 'xsplice "$@" "$file"', args }, file);
    const deadline = startDeadline(this.label, options, systemClock);
    const { stdout, stderr } = await this.#connection.run(remote, deadline);
    return decodeRemote(stdout === "" ? stderr : stdout, schema, `xsplice on ${this.label}`);
  }
}
