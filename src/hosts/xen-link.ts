// A hypervisor that is reached by our own hypercalls, over any transport: privcmd in this dom0
// (local.ts) or an agent in a lab's (lab.ts).

import type { BootStore } from "../host/boot-store.ts";
import { HostError } from "../host/errors.ts";
import type {
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
import type { JournalStore } from "../host/journal-store.ts";
import { Errno } from "../xen-abi/errno.ts";
import type { XenClient } from "../xen-call/client.ts";
import type { ConsoleRead } from "../xen-call/console-read.ts";
import { actByStep, type StepLink } from "./action/by-step.ts";
import type { ActRequest, ReadConsole, StartRequest } from "./action/target.ts";
import { systemClock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";
import { architectureOf, FACTS_TASK } from "./host-facts.ts";
import type { HostLink, UploadRefusal } from "./host-link.ts";
import { LinkedHost } from "./linked-host.ts";
import { decodeStatus } from "./status.ts";

export interface XenParts {
  readonly label: string;
  /** Owned by the host from now on. */
  readonly client: XenClient;
  /** Of dom0's kernel, as uname(1) names it: for a hypervisor that does not say what it is for. */
  readonly machine: string;
  readonly readBootId: (signal: AbortSignal) => Promise<string | undefined>;
  /** Resolves when the hypervisor or its dom0 crashed, with the message; contact is lost too. */
  readonly death?: Promise<HostError>;
  /** Where its journal is stored. */
  readonly journal: JournalStore;
  readonly boot?: BootStore;
  /** See LivepatchHost. */
  readonly lock: () => Promise<AsyncDisposable | undefined>;
  /** Closes what the host was opened with, beyond the client. */
  readonly close?: () => Promise<void>;
}

const NANOSECONDS_PER_MS = 1e6;
/** Contact is lost first; the reason is known at most this much later. */
const DEATH_KNOWN_MS = 1000;

/** @throws HostError when the hypervisor does not answer, or speaks no known interface version */
export async function openXenHost(parts: XenParts, signal?: AbortSignal): Promise<LivepatchHost> {
  const { family } = await parts.client.dialect(signal);
  const isOld = family === "A";
  const capabilities = {
    timeLimit: true,
    noDependencies: !isOld,
    console: true,
    metadata: !isOld,
  };
  return new LinkedHost(new XenLink(parts, capabilities));
}

class XenLink implements HostLink, StepLink {
  readonly label: string;
  readonly capabilities: HostCapabilities;
  readonly journal: JournalStore;
  readonly boot: BootStore | undefined;
  readonly #parts: XenParts;
  readonly #client: XenClient;
  /** How far the console was read: the next mark reads only what was added since. */
  #consoleEnd: number | undefined;
  /** The connection does not outlive the boot. */
  #bootId: string | undefined;

  constructor(parts: XenParts, capabilities: HostCapabilities) {
    this.label = parts.label;
    this.capabilities = capabilities;
    this.journal = parts.journal;
    this.boot = parts.boot;
    this.#parts = parts;
    this.#client = parts.client;
  }

  lock(): Promise<AsyncDisposable | undefined> {
    return this.#parts.lock();
  }

  async info(deadline: Deadline): Promise<HostInfo> {
    const client = this.#client;
    return this.#limit(FACTS_TASK, deadline, async (signal) => {
      const { major, minor } = await client.version(signal);
      const extra = await ifAnswered(client.extraVersion(signal));
      const compile = await ifAnswered(client.compileInfo(signal));
      const kinds = await ifAnswered(client.capabilities(signal));
      const machine = /x86_64|aarch64/.exec(kinds ?? "")?.[0] ?? this.#parts.machine;
      return {
        version: { major, minor, extra: extra ?? "" },
        buildId: await ifAnswered(client.buildId(signal)),
        compiler: compile?.compiler || undefined,
        compiledAt: compile?.date || undefined,
        architecture: architectureOf(machine),
        bootId: await this.#readBootId(signal),
      };
    });
  }

  list(deadline: Deadline): Promise<readonly ListedPayload[]> {
    return this.#limit("list the payloads", deadline, async (signal) => {
      const entries = await this.#client.list(signal);
      return entries.map((entry) => ({
        name: entry.name,
        status: decodeStatus(entry),
        metadata: entry.metadata,
      }));
    });
  }

  status(name: string, deadline: Deadline): Promise<PayloadStatus | undefined> {
    return this.#limit(`read the status of "${name}"`, deadline, async (signal) => {
      const raw = await this.#client.get(name, signal);
      return raw && decodeStatus(raw);
    });
  }

  async upload(
    name: string,
    payload: Uint8Array,
    deadline: Deadline,
  ): Promise<UploadRefusal | undefined> {
    const readConsole = await this.watchConsole(deadline);
    const errno = await this.#limit(`upload payload "${name}"`, deadline, (signal) =>
      errnoOf(this.#client.upload(name, payload, signal)),
    );
    if (errno === 0) return undefined;
    const nameTaken = errno === Errno.EEXIST && (await this.status(name, deadline)) !== undefined;
    return { errno, nameTaken, console: (await readConsole()) ?? "" };
  }

  act(request: ActRequest, options: ActOptions): Promise<ActOutcome> {
    return actByStep(this, request, options);
  }

  start(request: StartRequest, deadline: Deadline): Promise<number> {
    const { action, name, dependencyCheck, quiesceMs } = request;
    const timeoutNs = Math.round(quiesceMs * NANOSECONDS_PER_MS);
    return this.#limit(`${action} payload "${name}"`, deadline, (signal) =>
      errnoOf(this.#client.action(action, name, { timeoutNs, dependencyCheck, signal })),
    );
  }

  async watchConsole(deadline: Deadline): Promise<ReadConsole> {
    const before = await ifAnswered(this.#readConsole(this.#consoleEnd, deadline));
    if (before === undefined) return async () => undefined;
    const { end } = before;
    this.#consoleEnd = end;
    return async () => (await ifAnswered(this.#readConsole(end, deadline)))?.text;
  }

  async console(since: ConsoleMark | undefined, deadline: Deadline): Promise<ConsoleText> {
    const start = since?.kind === "index" ? since.index : undefined;
    const read = await this.#readConsole(start, deadline);
    return { text: read.text, lost: read.lost, mark: { kind: "index", index: read.end } };
  }

  async close(): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#parts.close?.();
  }

  async #readBootId(signal: AbortSignal): Promise<string | undefined> {
    this.#bootId ??= await this.#parts.readBootId(signal);
    return this.#bootId;
  }

  #readConsole(since: number | undefined, deadline: Deadline): Promise<ConsoleRead> {
    return this.#limit("read the console", deadline, (signal) =>
      this.#client.readConsole(since, signal),
    );
  }

  async #limit<Value>(
    task: string,
    deadline: Deadline,
    step: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const { death } = this.#parts;
    try {
      return await deadline.limit(task, step);
    } catch (error) {
      const lostContact = error instanceof HostError && error.report.code === "host/unreachable";
      if (death === undefined || !lostContact) throw error;
      throw (await Promise.race([death, systemClock.sleep(DEATH_KNOWN_MS)])) ?? error;
    }
  }
}

/**
 * Facts that no action needs: a fix may break the call that gives them, and the way back from it must not
 * depend on that. `undefined` when the hypervisor refuses; that it does not answer is thrown on.
 */
async function ifAnswered<Value>(call: Promise<Value>): Promise<Value | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof HostError && error.errno !== undefined) return undefined;
    throw error;
  }
}

/** 0, or the number with which the hypervisor refused; other errors are thrown on. */
async function errnoOf(call: Promise<void>): Promise<number> {
  try {
    await call;
    return 0;
  } catch (error) {
    const isAnswer = error instanceof HostError && error.errno !== undefined;
    if (isAnswer && error.report.code !== "host/unsupported") return error.errno ?? 0;
    throw error;
  }
}
