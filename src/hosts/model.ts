// The model as a host: simulates what would happen, and reports it as real hosts do. Actions are those
// of all kinds (act.ts); they take no time, and no CPU ever misses a rendezvous.

import { randomUUID } from "node:crypto";
import { toHex } from "../bytes/hex.ts";
import { HostError } from "../host/errors.ts";
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
} from "../host/host.ts";
import { LivepatchState } from "../xen-abi/sysctl.ts";
import type { ModelStatus, XenModel } from "../xen-model/model.ts";
import type { Crash } from "../xen-model/verdict.ts";
import { act } from "./action/act.ts";
import type { ActTarget, StartRequest } from "./action/target.ts";
import { checkName, checkUpload } from "./bad-argument.ts";
import { systemClock } from "./clock.ts";
import { uploadRefused } from "./explain/refusals.ts";
import { MemoryJournal } from "./journal/memory.ts";
import { decodeStatus } from "./status.ts";

const CONSOLE_PREFIX = "(XEN) livepatch: ";

export class ModelHost implements LivepatchHost {
  readonly label: string;
  readonly capabilities: HostCapabilities;
  readonly journal = new MemoryJournal();
  readonly model: XenModel;
  readonly #bootId = randomUUID();

  /** @param model belongs to the caller, who may inspect and fork it */
  constructor(model: XenModel) {
    const { source, line } = model.hypervisor;
    this.model = model;
    this.label = `the model of ${source}`;
    const isOld = line.payloadVersion === 1;
    this.capabilities = {
      timeLimit: true,
      noDependencies: !isOld,
      console: true,
      metadata: !isOld,
    };
  }

  async info(): Promise<HostInfo> {
    const { release, buildId, architecture } = this.model.hypervisor;
    const { major, minor, point } = release;
    const extra = this.model.textOf("xen_extra_version") ?? `.${point}`;
    return {
      version: { major, minor, extra },
      buildId: buildId && toHex(buildId),
      compiler: this.model.textOf("xen_compiler"),
      compiledAt: this.model.textOf("xen_compile_date"),
      architecture,
      bootId: this.#bootId,
    };
  }

  async list(): Promise<readonly ListedPayload[]> {
    return this.model.list().map((status) => ({
      name: status.name,
      status: payloadStatus(status),
      metadata: this.capabilities.metadata ? status.metadata : undefined,
    }));
  }

  async status(name: string): Promise<PayloadStatus | undefined> {
    checkName(name);
    const status = this.model.status(name);
    return status && payloadStatus(status);
  }

  async upload(name: string, payload: Uint8Array): Promise<void> {
    checkUpload(name, payload);
    const from = this.model.console.length;
    const answer = this.model.upload(name, payload);
    if (answer.kind === "accepted") return;
    if (answer.kind === "crash") throw this.#crashed(answer);
    const nameTaken = answer.step === "upload/name-taken";
    const console = this.#consoleFrom(from);
    throw uploadRefused(this.label, { name, errno: answer.errno, nameTaken, console });
  }

  async act(action: Action, name: string, options: ActOptions): Promise<ActOutcome> {
    checkName(name);
    const target: ActTarget = {
      label: this.label,
      status: (other) => this.status(other),
      appliedNames: async () => this.model.applied,
      start: async (request) => this.#start(request),
      watchConsole: async () => {
        const from = this.model.console.length;
        return async () => this.#consoleFrom(from);
      },
    };
    return act(target, { action, name }, options, systemClock);
  }

  async console(since: ConsoleMark | undefined): Promise<ConsoleText> {
    const from = since?.kind === "index" ? since.index : 0;
    const mark = { kind: "index", index: this.model.console.length } as const;
    return { text: this.#consoleFrom(from), mark, lost: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #start({ action, name, dependencyCheck }: StartRequest): number {
    const answer = this.model.act({ action, name, dependencyCheck });
    if (answer.kind === "crash") throw this.#crashed(answer);
    return answer.kind === "refused" ? answer.errno : 0;
  }

  #consoleFrom(line: number): string {
    const lines = this.model.console.slice(line);
    return lines.map((text) => `${CONSOLE_PREFIX}${text}\n`).join("");
  }

  #crashed({ words, trap }: Crash): HostError {
    return new HostError({
      code: "host/crashed",
      problem: `Cannot go on with ${this.label}: its hypervisor would crash (${trap})`,
      where: words,
      remedy: "do not load this payload on a real host",
    });
  }
}

function payloadStatus({ state, rc }: ModelStatus): PayloadStatus {
  const number = state === "applied" ? LivepatchState.APPLIED : LivepatchState.CHECKED;
  return decodeStatus({ state: number, rc });
}
