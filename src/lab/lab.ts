// A running lab, as its owner or a client of a detached lab uses it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentClient } from "../agent/client.ts";
import { AgentError } from "../agent/errors.ts";
import type { ExecOptions, ExecResult } from "../agent/exec.ts";
import type { Seated } from "./connection.ts";
import { CrashWatch } from "./crash-watch.ts";
import { type CrashReport, crashError } from "./errors.ts";
import { type LabInfo, labelOf } from "./lab-info.ts";
import { RunFile } from "./machine.ts";
import { instructionPointers, readVirtual, writeVirtual } from "./memory.ts";

/** What a Lab is made from. */
export interface LabOrigin {
  readonly info: LabInfo;
  readonly seated: Seated;
  readonly agent: AgentClient;
  /** What closing does besides disconnecting. */
  readonly stop: () => Promise<void>;
  readonly hangAfterMs: number | undefined;
}

/** A hypercall may block the agent for the 4.3 s of the longest rendezvous, and a machine may be busy. */
const HANG_AFTER_MS = 30_000;

/** After a connection breaks, a crash is noticed within this time; otherwise it was not a crash. */
const CRASH_KNOWN_MS = 1_000;

export class Lab implements AsyncDisposable {
  readonly info: LabInfo;
  /** For messages. */
  readonly label: string;
  /** Direct access to dom0's agent; wrap awaited calls in `guard()`. */
  readonly agent: AgentClient;
  /** Resolves when the hypervisor or dom0 has crashed; never for a lab that is closed without a crash. */
  readonly crashed: Promise<CrashReport>;
  readonly #seated: Seated;
  readonly #watch: CrashWatch;
  readonly #bootConsole: string;
  readonly #stop: () => Promise<void>;
  #crash: CrashReport | undefined;
  #closing: Promise<void> | undefined;

  /** Labs come from openLab() and connectLab(). */
  constructor({ info, seated, agent, stop, hangAfterMs }: LabOrigin) {
    this.info = info;
    this.label = labelOf(info);
    this.agent = agent;
    this.#seated = seated;
    this.#stop = stop;
    const bootConsole = join(info.folder, RunFile.bootConsole);
    this.#bootConsole = existsSync(bootConsole) ? readFileSync(bootConsole, "latin1") : "";
    this.#watch = new CrashWatch({
      consolePath: join(info.folder, RunFile.console),
      agent,
      machineEnd: seated.qmp.closed,
      hangAfterMs: hangAfterMs ?? HANG_AFTER_MS,
    });
    this.crashed = this.#watch.crashed;
    this.crashed.then((crash) => {
      this.#crash = crash;
      return Promise.all([
        agent.close(), // So that whatever is under way gets an answer.
        seated.qmp.execute("stop").catch(() => undefined), // A dead hypervisor may spin for ever.
      ]);
    });
  }

  /**
   * Awaits an operation of `agent`.
   * @throws LabError lab/crashed when it failed because the lab crashed; otherwise its own error
   */
  async guard<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof AgentError) || error.report.code !== "agent/disconnected") throw error;
      if (this.#closing === undefined) await Promise.race([this.crashed, sleep(CRASH_KNOWN_MS)]);
      throw this.#crash ? crashError(this.label, this.#crash) : error;
    }
  }

  /**
   * Runs a command in dom0. A non-zero exit code is a result, not an error.
   * @throws LabError lab/crashed, AgentError
   */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.guard(this.agent.exec(argv, options));
  }

  /** The hypervisor's complete console output since its boot. */
  consoleText(): string {
    return this.#bootConsole + this.#watch.consoleText();
  }

  /**
   * Bytes at a virtual address of the hypervisor, read from outside the guest.
   * @throws LabError lab/memory
   */
  readHypervisor(address: bigint, length: number): Promise<Uint8Array> {
    return readVirtual(this.#seated.qmp, this.info.folder, address, length);
  }

  /**
   * Writes to the hypervisor's memory from outside, even if it is write-protected: for fault injection.
   * @throws LabError lab/memory
   */
  writeHypervisor(address: bigint, bytes: Uint8Array): Promise<void> {
    return writeVirtual(this.#seated.qmp, this.info.folder, address, bytes);
  }

  /**
   * The instruction that each CPU is at, at several moments: of a lab that does not answer any more, too.
   * The lab runs on between the looks, and is stopped afterwards.
   * @throws LabError lab/memory
   */
  lookAtCpus(looks: number): Promise<readonly bigint[]> {
    return instructionPointers(this.#seated.qmp, looks);
  }

  /** Ends an owned lab and removes its files; disconnects from a detached one. */
  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #leave(): Promise<void> {
    this.#watch.close();
    await this.agent.close();
    this.#seated.qmp.close();
    this.#seated.seat.release();
    await this.#stop();
  }
}
