// A machine that runs Xen: the model as its hypervisor, a journal on dom0's disk, a lock, and a time
// that passes only when somebody asks or waits. What an action schedules is done later, while others
// go on asking.

import assert from "node:assert/strict";
import type { Action, HostInfo, ListedPayload, PayloadStatus } from "../../src/host/host.ts";
import type { StartRequest } from "../../src/hosts/action/target.ts";
import type { Clock } from "../../src/hosts/clock.ts";
import { decodeStatus } from "../../src/hosts/status.ts";
import { Errno } from "../../src/xen-abi/errno.ts";
import { LivepatchState } from "../../src/xen-abi/sysctl.ts";
import type { ModelStatus, XenModel } from "../../src/xen-model/model.ts";
import { syntheticModel, XEN_ID } from "../../src/xen-model/synthetic.test.support.ts";

/** Whose process it is, as "sync 2" or "stranger". */
export type Actor = string;

/** What somebody has made of the host. */
export interface Change {
  readonly by: Actor;
  readonly action: Action | "upload";
  readonly name: string;
  /** What was applied before, from the bottom to the top, and is not any more. */
  readonly reverted: readonly string[];
  /** A replace can fail behind its first half. */
  readonly isWhole: boolean;
}

/** How the rendezvous of all CPUs goes. */
export interface Rendezvous {
  readonly afterMs: number;
  readonly isMissed: boolean;
}

const MS_PER_CALL = 1;

export class Machine implements Clock {
  model: XenModel = syntheticModel();
  boot = 1;
  journal: string | undefined;
  lockedBy: object | undefined;
  readonly changes: Change[] = [];
  /** All that happened, for whoever has to find out why. */
  readonly story: string[] = [];
  #ms = 0;
  #processes = 0;
  #firstOfBoot = 0;
  #work: (Rendezvous & Pick<Change, "by" | "action" | "name">) | undefined;

  nextProcess(name: string): Actor {
    return `${name} ${++this.#processes}`;
  }

  now(): number {
    return this.#ms;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.pass(milliseconds);
  }

  pass(milliseconds = MS_PER_CALL): void {
    this.#ms += milliseconds;
    if (this.#work !== undefined && this.#work.afterMs <= this.#ms) this.#settle();
  }

  /** Whose action is under way. */
  get worker(): Actor | undefined {
    return this.#work?.by;
  }

  /** What will be applied when all that is under way has come to its end. */
  appliedLater(): readonly string[] {
    const fork = this.model.fork();
    if (this.#work !== undefined) fork.settle(this.#work.isMissed ? "missed" : "met");
    return fork.applied;
  }

  /** Whatever is under way comes to its end. */
  settle(): void {
    if (this.#work !== undefined) this.pass(this.#work.afterMs - this.#ms);
  }

  write(journal: string): void {
    this.journal = journal;
  }

  setAside(): string {
    this.journal = undefined;
    return "beside";
  }

  /** What the hypervisor printed since it had printed `count` lines. */
  consoleFrom(count: number): string {
    const lines = this.model.console.slice(count);
    return lines.map((text) => `(XEN) livepatch: ${text}\n`).join("");
  }

  /** Payloads are gone with the hypervisor; dom0's disk stays. */
  reboot(): void {
    this.model = syntheticModel();
    this.#work = undefined;
    this.lockedBy = undefined;
    this.boot++;
    this.#firstOfBoot = this.changes.length;
    this.story.push(`reboot: boot ${this.boot}`);
  }

  get changesOfBoot(): readonly Change[] {
    return this.changes.slice(this.#firstOfBoot);
  }

  info(): HostInfo {
    return {
      version: { major: 4, minor: 17, extra: ".5" },
      buildId: XEN_ID,
      compiler: undefined,
      compiledAt: undefined,
      architecture: "x86_64",
      bootId: `boot-${this.boot}`,
    };
  }

  list(): readonly ListedPayload[] {
    return this.model.list().map((status) => ({
      name: status.name,
      status: statusOf(status),
      metadata: status.metadata,
    }));
  }

  status(name: string): PayloadStatus | undefined {
    const status = this.model.status(name);
    return status && statusOf(status);
  }

  /** @returns 0, or the error number of the refusal */
  upload(name: string, bytes: Uint8Array, by: Actor): number {
    const answer = this.model.upload(name, bytes);
    assert.notEqual(answer.kind, "crash", `the upload of "${name}" has killed the hypervisor`);
    if (answer.kind === "refused") return answer.errno;
    this.#change({ by, action: "upload", name, reverted: [], isWhole: true });
    return 0;
  }

  /** @returns 0, or the error number of the refusal */
  start(request: StartRequest, by: Actor, rendezvous: Rendezvous): number {
    const { action, name, dependencyCheck } = request;
    const answer = this.model.begin({ action, name, dependencyCheck });
    assert.notEqual(answer.kind, "crash", `${action} of "${name}" has killed the hypervisor`);
    if (answer.kind === "refused") return answer.errno;
    if (answer.kind !== "accepted") return Errno.EINVAL;
    if (answer.effect === "done") this.#change({ by, action, name, reverted: [], isWhole: true });
    if (answer.effect === "scheduled") {
      this.#work = { ...rendezvous, afterMs: this.#ms + rendezvous.afterMs, by, action, name };
    }
    return 0;
  }

  #settle(): void {
    const work = this.#work;
    this.#work = undefined;
    if (work === undefined) return;
    const before = this.model.applied;
    const answer = this.model.settle(work.isMissed ? "missed" : "met");
    const { by, action, name } = work;
    assert.notEqual(answer?.kind, "crash", `${action} of "${name}" has killed the hypervisor`);
    const after = this.model.applied;
    const reverted = before.filter((other) => !after.includes(other));
    const isWhole = answer?.kind === "done";
    if (isWhole || reverted.length > 0) {
      this.#change({ by, action, name, reverted, isWhole });
    }
  }

  #change(change: Change): void {
    const { by, action, name } = change;
    this.changes.push(change);
    this.story.push(`${by}: ${action} ${name}, applied: [${this.model.applied.join(" ")}]`);
  }
}

function statusOf({ state, rc }: ModelStatus): PayloadStatus {
  const number = state === "applied" ? LivepatchState.APPLIED : LivepatchState.CHECKED;
  return decodeStatus({ state: number, rc });
}
