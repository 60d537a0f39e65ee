// Takes payloads through their life on the hypervisor that they were built for, in a lab, with what it
// prints read all the time.

import { HostError } from "../../src/host/errors.ts";
import type { Action, ConsoleMark, LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { pressKey } from "../corpus/probes.ts";
import { actOptions, call } from "../lab/host-under-test.ts";
import type { ScoredBase } from "./base.ts";
import type { Trial } from "./result.ts";
import { withoutFolders } from "./without-folders.ts";

/** Keys on which Xen goes through its domains, vCPUs, locks, timers, interrupts, memory. */
const KEYS = "hqredagiMcmstuzHV";
const SAID_LENGTH_MAX = 600;

/** A step fails where the hypervisor refuses it, or ends. */
class StepFailed extends Error {
  readonly step: string;

  constructor(step: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.step = step;
  }
}

export class XenOnTrial implements AsyncDisposable {
  readonly host: LivepatchHost;
  readonly #lab: Lab;
  #mark: ConsoleMark | undefined;
  readonly complaints: string[] = [];

  constructor(lab: Lab, host: LivepatchHost) {
    this.#lab = lab;
    this.host = host;
  }

  /** Everything up to now has been said by others. */
  async listen(): Promise<void> {
    this.#mark = (await this.host.console(undefined, call)).mark;
  }

  async upload(name: string, bytes: Uint8Array): Promise<void> {
    await this.#step(`upload of ${name}`, this.host.upload(name, bytes, call));
  }

  async act(action: Action, name: string, options = actOptions): Promise<void> {
    const done = this.host.act(action, name, options).then(({ result }) => {
      if (result !== "done") throw new Error(`the answer is ${result}`);
    });
    await this.#step(`${action} of ${name}`, done);
  }

  /**
   * As what goes in any order is applied: whatever is applied already. What the hypervisor says when it does
   * not take it; its refusal is no failure of this trial.
   */
  async tryToApply(name: string): Promise<string | undefined> {
    try {
      await this.act("apply", name, { ...actOptions, dependencyCheck: "hypervisor-only" });
      return undefined;
    } catch (error) {
      const cause = error instanceof StepFailed ? error.cause : undefined;
      if (!(cause instanceof HostError)) throw error;
      await this.listen();
      return withoutFolders(cause.report.problem);
    }
  }

  /** Runs much of the hypervisor, from outside and by what dom0 does. */
  async exercise(after: string): Promise<void> {
    const transport = new ProxyTransport(this.#lab.agent);
    const xen = { transport, client: new XenClient(transport) };
    const work = async (): Promise<void> => {
      for (const key of KEYS) await pressKey(key)(xen);
      await this.#lab.exec(["cat", "/proc/interrupts"]);
    };
    await this.#step(`work after ${after}`, work());
  }

  async #step(step: string, work: Promise<unknown>): Promise<void> {
    try {
      await this.#lab.guard(work);
      const { text, mark } = await this.#lab.guard(this.host.console(this.#mark, call));
      this.#mark = mark;
      this.complaints.push(...complaintsIn(text).map((line) => `${step}: ${line}`));
    } catch (error) {
      throw new StepFailed(step, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    await this.#lab.close();
  }
}

async function openOnTrial(base: ScoredBase, signal: AbortSignal): Promise<XenOnTrial> {
  const lab = await openLab({ xen: base.image, xenSymbols: base.xenSyms, cpus: 2, signal });
  try {
    const xen = new XenOnTrial(lab, await labHost(lab, signal));
    await xen.listen();
    return xen;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** The whole life of one payload. @throws the reason of `signal` */
export async function tryPayload(
  base: ScoredBase,
  payload: { readonly name: string; readonly bytes: Uint8Array },
  signal: AbortSignal,
): Promise<Trial> {
  const { name, bytes } = payload;
  return await onXen(base, signal, async (xen) => {
    await xen.upload(name, bytes);
    await xen.act("apply", name);
    await xen.exercise("apply");
    await xen.act("revert", name);
    await xen.exercise("revert");
    await xen.act("unload", name);
  });
}

/** On a hypervisor of its own. @throws the reason of `signal`, and what is no fault of the payloads */
export async function onXen(
  base: ScoredBase,
  signal: AbortSignal,
  work: (xen: XenOnTrial) => Promise<void>,
): Promise<Trial> {
  await using xen = await openOnTrial(base, signal);
  try {
    await work(xen);
    return { kind: "ran", complaints: xen.complaints };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof StepFailed)) throw error;
    return {
      kind: "failed",
      step: error.step,
      said: withoutFolders(error.message).slice(0, SAID_LENGTH_MAX),
    };
  }
}

const complaint =
  /Xen (BUG|WARN)\b|Assertion '|\bFATAL\b|\bPanic on|general protection fault|page fault|livepatch: .*(fail|error)/;
/** Xen prints these of a payload that it takes, whatever its author wrote into them. */
const metadata = /livepatch: +[\w.-]+=/;

/** What a hypervisor in order never prints. */
export function complaintsIn(console: string): readonly string[] {
  const lines = console.split("\n").map((line) => line.trim());
  return lines.filter((line) => complaint.test(line) && !metadata.test(line));
}
