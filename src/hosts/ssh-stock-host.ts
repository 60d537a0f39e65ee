// A dom0 reached by ssh that has Xen's stock tools and nothing of ours. `xen-livepatch` is asked
// for everything; what it prints is parsed (stock-output.ts). It cannot set a time limit, and it
// looks for the result once, after 60 ms: act() looks again by listing.

import { HostError } from "../host/errors.ts";
import type {
  Action,
  ActOptions,
  ActOutcome,
  CallOptions,
  ConsoleMark,
  ConsoleText,
  HostCapabilities,
  HostInfo,
  ListedPayload,
  LivepatchHost,
  PayloadStatus,
} from "../host/host.ts";
import { Errno } from "../xen-abi/errno.ts";
import { type ActTarget, act, type StartRequest } from "./act.ts";
import { checkName, checkUpload } from "./bad-argument.ts";
import { systemClock } from "./clock.ts";
import { newInRing } from "./console-ring.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { FACTS_SCRIPT, parseHostFacts } from "./host-facts.ts";
import { queryRefused, uploadRefused } from "./refusals.ts";
import type { RemoteResult, RemoteScript, SshConnection } from "./ssh-connection.ts";
import { readRing, remoteConsole } from "./ssh-console.ts";
import { REMOTE_PRELUDE, type RemoteTools } from "./ssh-tools.ts";
import { withTemporaryFile } from "./ssh-upload.ts";
import { settledState } from "./status.ts";
import { parseStockList, stockErrno } from "./stock-output.ts";

export class SshStockHost implements LivepatchHost {
  readonly label: string;
  readonly capabilities: HostCapabilities;
  readonly #connection: SshConnection;

  constructor(connection: SshConnection, tools: RemoteTools) {
    this.#connection = connection;
    this.label = connection.label;
    this.capabilities = {
      timeLimit: false,
      noDependencies: tools.nodeps,
      console: tools.xl,
      metadata: tools.nodeps,
    };
  }

  async info(options: CallOptions): Promise<HostInfo> {
    const script = REMOTE_PRELUDE + FACTS_SCRIPT;
    const { stdout } = await this.#run("read the facts", { script }, this.#deadline(options));
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
    const deadline = this.#deadline(options);
    const readConsole = await this.#watchConsole(deadline);
    const output = await this.#run(
      `upload payload "${name}"`,
      withTemporaryFile('xen-livepatch upload "$1" "$file"', [name], payload),
      deadline,
    );
    const errno = stockErrno(output, this.label);
    if (errno === 0) return;
    const nameTaken = errno === Errno.EEXIST && (await this.#status(name, deadline)) !== undefined;
    const console = await readConsole();
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
    const deadline = this.#deadline(options);
    const target: ActTarget = {
      label: this.label,
      status: (other) => this.#status(other, deadline),
      appliedNames: async () =>
        (await this.#list(deadline))
          .filter(({ status }) => settledState(status) === "applied")
          .map((payload) => payload.name),
      start: (request) => this.#start(request, deadline),
      watchConsole: () => this.#watchConsole(deadline),
    };
    return act(target, { action, name }, options, systemClock);
  }

  async console(since: ConsoleMark | undefined, options: CallOptions): Promise<ConsoleText> {
    return remoteConsole(this.#connection, this.capabilities, { since, options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  async #list(deadline: Deadline): Promise<readonly ListedPayload[]> {
    const script = `${REMOTE_PRELUDE} xen-livepatch list`;
    const output = await this.#run("list the payloads", { script }, deadline);
    const errno = stockErrno(output, this.label);
    if (errno === 0) return parseStockList(output.stdout, `xen-livepatch list on ${this.label}`);
    throw queryRefused(this.label, "list the payloads", errno);
  }

  async #status(name: string, deadline: Deadline): Promise<PayloadStatus | undefined> {
    return (await this.#list(deadline)).find((payload) => payload.name === name)?.status;
  }

  async #start(request: StartRequest, deadline: Deadline): Promise<number> {
    const { action, name } = request;
    const flags = request.dependencyCheck === "hypervisor-only" ? ["--nodeps"] : [];
    const output = await this.#run(
      `${action} payload "${name}"`,
      { script: `${REMOTE_PRELUDE} xen-livepatch "$@"`, args: [action, name, ...flags] },
      deadline,
    );
    return stockErrno(output, this.label);
  }

  async #watchConsole(deadline: Deadline): Promise<() => Promise<string>> {
    if (!this.capabilities.console) return async () => "";
    const { mark } = newInRing(await this.#ring(deadline), undefined);
    return async () => newInRing(await this.#ring(deadline), mark).text;
  }

  #ring(deadline: Deadline): Promise<string> {
    return deadline.limit("read the console", (signal) => readRing(this.#connection, signal));
  }

  #run(task: string, remote: RemoteScript, deadline: Deadline): Promise<RemoteResult> {
    return deadline.limit(task, (signal) => this.#connection.run(remote, signal));
  }

  #deadline(options: CallOptions): Deadline {
    return startDeadline(this.label, options, systemClock);
  }
}
