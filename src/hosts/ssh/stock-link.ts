// A dom0 reached by ssh that has only Xen's stock tools. `xen-livepatch` does everything; its output is
// parsed (stock-output.ts). It cannot set a time limit, and it looks for the result once, after 60 ms:
// act() polls further by listing.

import { HostError } from "../../host/errors.ts";
import type { ActOptions, ActOutcome, HostInfo, ListedPayload } from "../../host/host.ts";
import { actByStep, type StepLink } from "../action/by-step.ts";
import type { ActRequest, StartRequest } from "../action/target.ts";
import type { Deadline } from "../deadline.ts";
import { queryRefused } from "../explain/refusals.ts";
import { FACTS_SCRIPT, FACTS_TASK, parseHostFacts } from "../host-facts.ts";
import type { HostLink, UploadRefusal } from "../host-link.ts";
import type { SshConnection } from "./connection.ts";
import { newInRing } from "./console-ring.ts";
import { dom0Over } from "./dom0.ts";
import { StockNames } from "./stock-names.ts";
import { stockErrno } from "./stock-output.ts";
import { runStockTool, type ToolRun } from "./stock-tool.ts";
import { REMOTE_PRELUDE, type RemoteTools } from "./tools.ts";

export function stockLink(connection: SshConnection, tools: RemoteTools): HostLink {
  const { nodeps, ring } = tools;
  const tool = new StockTool(connection, ring ?? "");
  const { label } = connection;
  return {
    ...dom0Over(connection, {
      timeLimit: false,
      noDependencies: nodeps,
      console: ring !== undefined,
      metadata: nodeps,
    }),
    info: (deadline) => readFacts(connection, deadline),
    list: (deadline) => tool.list(deadline),
    upload: (name, payload, deadline) => tool.upload(name, payload, deadline),
    act: async (request, options) => {
      if (options.dependencyCheck === "hypervisor-only" && !nodeps) throw noNodeps(label, request);
      return tool.act(request, options);
    },
  };
}

class StockTool {
  readonly #connection: SshConnection;
  readonly #label: string;
  readonly #names: StockNames;
  /** The console's ring at the last look: lines that a failure adds to it are the reason. */
  #ring: string;

  constructor(connection: SshConnection, ring: string) {
    this.#connection = connection;
    this.#label = connection.label;
    this.#names = new StockNames(connection);
    this.#ring = ring;
  }

  async list(deadline: Deadline): Promise<readonly ListedPayload[]> {
    const task = "list the payloads";
    const script = `${REMOTE_PRELUDE} xen-livepatch list`;
    const output = await this.#connection.run({ task, script }, deadline);
    const errno = stockErrno(output, this.#label);
    if (errno === 0) return this.#names.read(output.stdout, deadline);
    throw queryRefused(this.#label, task, errno);
  }

  async upload(
    name: string,
    file: Uint8Array,
    deadline: Deadline,
  ): Promise<UploadRefusal | undefined> {
    const request = { task: `upload payload "${name}"`, argv: ["upload", name], file };
    const run = await runStockTool(this.#connection, request, deadline);
    const errno = stockErrno(run.output, this.#label);
    if (errno === 0) return undefined;
    const payloads = await this.#payloadsOf(run, deadline);
    const nameTaken = payloads?.some((loaded) => loaded.name === name) ?? false;
    const console = this.#newInConsole(run.ring) ?? "";
    this.#ring = run.ring ?? this.#ring;
    return { errno, nameTaken, console };
  }

  async act(request: ActRequest, options: ActOptions): Promise<ActOutcome> {
    // The list printed by the last run of the tool also answers the next request.
    let left: readonly ListedPayload[] | undefined;
    let ring: string | undefined;
    let lastRing = this.#ring;
    const steps: StepLink = {
      label: this.#label,
      list: async (deadline) => {
        const payloads = left ?? (await this.list(deadline));
        left = undefined;
        return payloads;
      },
      start: async (step, deadline) => {
        const run = await this.#start(step, deadline);
        left = await this.#payloadsOf(run, deadline);
        ring = run.ring;
        lastRing = ring ?? lastRing;
        return stockErrno(run.output, this.#label);
      },
      watchConsole: async () => async () => this.#newInConsole(ring),
    };
    try {
      return await actByStep(steps, request, options);
    } finally {
      this.#ring = lastRing;
    }
  }

  #start({ action, name, dependencyCheck }: StartRequest, deadline: Deadline): Promise<ToolRun> {
    const flags = dependencyCheck === "hypervisor-only" ? ["--nodeps"] : [];
    const request = { task: `${action} payload "${name}"`, argv: [action, name, ...flags] };
    return runStockTool(this.#connection, request, deadline);
  }

  async #payloadsOf(
    { list }: ToolRun,
    deadline: Deadline,
  ): Promise<readonly ListedPayload[] | undefined> {
    return list === undefined ? undefined : this.#names.read(list, deadline);
  }

  #newInConsole(ring: string | undefined): string | undefined {
    if (ring === undefined) return undefined;
    return newInRing(ring, newInRing(this.#ring, undefined).mark).text;
  }
}

async function readFacts(connection: SshConnection, deadline: Deadline): Promise<HostInfo> {
  const remote = { task: FACTS_TASK, script: REMOTE_PRELUDE + FACTS_SCRIPT };
  const { stdout } = await connection.run(remote, deadline);
  const info = parseHostFacts(stdout);
  if (info !== undefined) return info;
  throw new HostError({
    code: "host/unreachable",
    problem: `Cannot read the hypervisor's version on ${connection.label}: nothing on that host provides it`,
    expected: "a Xen dom0 in which `xl info` works, or /sys/hypervisor exists",
    remedy: "connect as root to a dom0",
  });
}

function noNodeps(label: string, { action, name }: ActRequest): HostError {
  return new HostError({
    code: "host/unsupported",
    problem: `Cannot ${action} "${name}" without its dependency check: xen-livepatch of ${label} has no --nodeps`,
    expected: "Xen's tools 4.14 or later",
  });
}
