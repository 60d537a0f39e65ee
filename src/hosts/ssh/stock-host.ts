// A dom0 reached by ssh that has Xen's stock tools and nothing of ours. `xen-livepatch` is asked
// for everything; what it prints is parsed (stock-output.ts). It cannot set a time limit, and it
// looks for the result once, after 60 ms: act() looks again by listing.

import type { CallOptions } from "../../host/call-options.ts";
import { HostError } from "../../host/errors.ts";
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
import { settledState } from "../../host/settled-state.ts";
import { type ActTarget, act, type StartRequest } from "../act.ts";
import { checkName, checkUpload } from "../bad-argument.ts";
import { systemClock } from "../clock.ts";
import { newInRing } from "../console-ring.ts";
import { type Deadline, startDeadline, startStepDeadline } from "../deadline.ts";
import { FACTS_SCRIPT, FACTS_TASK, parseHostFacts } from "../host-facts.ts";
import { ScriptJournal } from "../journal/script.ts";
import { queryRefused, uploadRefused } from "../refusals.ts";
import type { SshConnection } from "./connection.ts";
import { remoteConsole } from "./console.ts";
import { lockRemote } from "./lock.ts";
import { parseStockList, stockErrno } from "./stock-output.ts";
import { runStockTool, type ToolRun } from "./stock-tool.ts";
import { REMOTE_PRELUDE, type RemoteTools } from "./tools.ts";

export class SshStockHost implements LivepatchHost {
  readonly label: string;
  readonly capabilities: HostCapabilities;
  readonly journal: JournalStore;
  readonly #connection: SshConnection;
  /** The console's ring when it was looked at last: what a failure adds to it is the reason. */
  #ring: string;

  constructor(connection: SshConnection, tools: RemoteTools) {
    this.#connection = connection;
    this.label = connection.label;
    this.journal = new ScriptJournal(connection.label, (remote, deadline) =>
      connection.run(remote, deadline),
    );
    this.capabilities = {
      timeLimit: false,
      noDependencies: tools.nodeps,
      console: tools.ring !== undefined,
      metadata: tools.nodeps,
    };
    this.#ring = tools.ring ?? "";
  }

  lock(options: CallOptions): Promise<AsyncDisposable | undefined> {
    return lockRemote(this.#connection, options);
  }

  async info(options: CallOptions): Promise<HostInfo> {
    const remote = { task: FACTS_TASK, script: REMOTE_PRELUDE + FACTS_SCRIPT };
    const { stdout } = await this.#connection.run(remote, this.#deadline(options));
    const info = parseHostFacts(stdout);
    if (info !== undefined) return info;
    throw new HostError({
      code: "host/unreachable",
      problem: `Cannot read the hypervisor's version on ${this.label}: nothing there knows it`,
      expected: "a Xen dom0 in which `xl info` works, or /sys/hypervisor exists",
      remedy: "connect as root to a dom0",
    });
  }

  async list(options: CallOptions): Promise<readonly ListedPayload[]> {
    return this.#list(this.#deadline(options));
  }

  async status(name: string, options: CallOptions): Promise<PayloadStatus | undefined> {
    checkName(name);
    return this.#status(name, this.#deadline(options));
  }

  async upload(name: string, payload: Uint8Array, options: CallOptions): Promise<void> {
    checkUpload(name, payload);
    const request = { task: `upload payload "${name}"`, argv: ["upload", name], file: payload };
    const run = await runStockTool(this.#connection, request, this.#deadline(options));
    const errno = stockErrno(run.output, this.label);
    if (errno === 0) return;
    const nameTaken = run.payloads?.some((loaded) => loaded.name === name) ?? false;
    const console = this.#newInConsole(run.ring);
    this.#ring = run.ring ?? this.#ring;
    throw uploadRefused(this.label, { name, errno, nameTaken, console });
  }

  async act(action: Action, name: string, options: ActOptions): Promise<ActOutcome> {
    checkName(name);
    if (options.dependencyCheck === "hypervisor-only" && !this.capabilities.noDependencies) {
      throw new HostError({
        code: "host/unsupported",
        problem: `Cannot ${action} "${name}" without its dependency check: xen-livepatch of ${this.label} has no --nodeps`,
        expected: "Xen's tools 4.14 or later",
      });
    }
    const deadline = startStepDeadline(this.label, options, systemClock);
    let seen: string | undefined;
    const target = this.#actTarget(deadline, (ring) => {
      seen = ring;
    });
    try {
      return await act(target, { action, name }, options, systemClock);
    } finally {
      this.#ring = seen ?? this.#ring;
    }
  }

  async console(since: ConsoleMark | undefined, options: CallOptions): Promise<ConsoleText> {
    return remoteConsole(this.#connection, this.capabilities, { since, options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  async #list(deadline: Deadline): Promise<readonly ListedPayload[]> {
    const task = "list the payloads";
    const script = `${REMOTE_PRELUDE} xen-livepatch list`;
    const output = await this.#connection.run({ task, script }, deadline);
    const errno = stockErrno(output, this.label);
    if (errno === 0) return parseStockList(output.stdout, `xen-livepatch list on ${this.label}`);
    throw queryRefused(this.label, task, errno);
  }

  async #status(name: string, deadline: Deadline): Promise<PayloadStatus | undefined> {
    return (await this.#list(deadline)).find((payload) => payload.name === name)?.status;
  }

  /** What a run of the tool left is also the answer to the question that follows it. */
  #actTarget(deadline: Deadline, onRing: (ring: string) => void): ActTarget {
    let left: readonly ListedPayload[] | undefined;
    let ring: string | undefined;
    const list = async (): Promise<readonly ListedPayload[]> => {
      const payloads = left ?? (await this.#list(deadline));
      left = undefined;
      return payloads;
    };
    return {
      label: this.label,
      status: async (name) => (await list()).find((payload) => payload.name === name)?.status,
      appliedNames: async () =>
        (await list())
          .filter(({ status }) => settledState(status) === "applied")
          .map(({ name }) => name),
      start: async (request) => {
        const run = await this.#start(request, deadline);
        left = run.payloads;
        ring = run.ring;
        if (ring !== undefined) onRing(ring);
        return stockErrno(run.output, this.label);
      },
      watchConsole: async () => async () => this.#newInConsole(ring),
    };
  }

  #start({ action, name, dependencyCheck }: StartRequest, deadline: Deadline): Promise<ToolRun> {
    const flags = dependencyCheck === "hypervisor-only" ? ["--nodeps"] : [];
    const request = { task: `${action} payload "${name}"`, argv: [action, name, ...flags] };
    return runStockTool(this.#connection, request, deadline);
  }

  #newInConsole(ring: string | undefined): string {
    if (ring === undefined) return "";
    return newInRing(ring, newInRing(this.#ring, undefined).mark).text;
  }

  #deadline(options: CallOptions): Deadline {
    return startDeadline(this.label, options, systemClock);
  }
}
