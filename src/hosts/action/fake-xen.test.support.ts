// A hypervisor in a few lines, whose time passes only by sleeping, and act() on it.

import assert from "node:assert/strict";
import { HostError } from "../../host/errors.ts";
import type { Action, ActOptions, ActOutcome, PayloadStatus } from "../../host/host.ts";
import { Errno } from "../../xen-abi/errno.ts";
import type { Clock } from "../clock.ts";
import { decodeStatus } from "../status.ts";
import { act } from "./act.ts";
import type { ActTarget, StartRequest } from "./target.ts";

const CHECKED = 1;
export const APPLIED = 2;

interface FakePayload {
  state: number;
  rc: number;
  /** Reverted before, with writable data: Xen applies such a payload only once. */
  oneWay: boolean;
}

interface PrintedResult {
  readonly errno: number;
  readonly message: string;
}

/**
 * The rules of ABI §4.1 in a few lines: one slot for pending work, an action in the wrong state
 * does nothing, -EAGAIN stays when the slot was taken. Time passes only by sleeping.
 */
export class FakeXen implements ActTarget, Clock {
  readonly label = "a fake";
  readonly payloads = new Map<string, FakePayload>();
  /** Applied, the oldest first. */
  readonly stack: string[] = [];
  readonly started: StartRequest[] = [];
  /** Results of the next rendezvous, some with what Xen prints at this one; 0 when it is empty. */
  readonly results: (number | PrintedResult)[] = [];
  /** Printed together with a result that is not 0; what Xen prints of a missed meeting if undefined. */
  message: string | undefined;
  /** Rendezvous take this long, and until then the slot is taken by others. */
  workMs = 3;
  slotTakenUntil = 0;
  prints = true;
  /** Whether its console can be read. */
  isReadable = true;
  #time = 0;
  #text = "";
  #pending: { readonly at: number; readonly end: () => void; readonly name: string } | undefined;

  load(name: string, payload: Partial<FakePayload> = {}): void {
    this.payloads.set(name, { state: CHECKED, rc: 0, oneWay: false, ...payload });
    if (payload.state === APPLIED) this.stack.push(name);
  }

  now(): number {
    return this.#time;
  }

  async sleep(milliseconds: number): Promise<void> {
    this.#time += milliseconds;
    if (this.#pending !== undefined && this.#pending.at <= this.#time) {
      const { end } = this.#pending;
      this.#pending = undefined;
      end();
    }
  }

  async status(name: string): Promise<PayloadStatus | undefined> {
    const payload = this.payloads.get(name);
    return payload && decodeStatus(payload);
  }

  async appliedNames(): Promise<readonly string[]> {
    return [...this.stack];
  }

  async watchConsole(): Promise<() => Promise<string | undefined>> {
    return async () => (this.isReadable ? this.#text : undefined);
  }

  async start(request: StartRequest): Promise<number> {
    this.started.push(request);
    const { action, name } = request;
    const payload = this.payloads.get(name);
    if (payload === undefined) return Errno.ENOENT;
    if (this.#pending?.name === name) return Errno.EBUSY;
    switch (action) {
      case "unload":
        if (payload.state !== CHECKED) return Errno.EINVAL;
        this.payloads.delete(name);
        return 0;
      case "apply":
      case "replace":
        if (payload.state === APPLIED) return 0;
        if (action === "apply" && payload.oneWay) {
          payload.rc = -Errno.EINVAL;
          return 0;
        }
        return this.#schedule(request, payload);
      case "revert":
        if (payload.state === CHECKED) return 0;
        if (this.stack.at(-1) !== name) {
          this.#print(`${name}: can't unload. Top is ${this.stack.at(-1)}`);
          return Errno.EBUSY;
        }
        return this.#schedule(request, payload);
    }
  }

  #schedule({ action, name }: StartRequest, payload: FakePayload): number {
    payload.rc = -Errno.EAGAIN;
    if (this.#pending !== undefined || this.#time < this.slotTakenUntil) return Errno.EBUSY;
    const end = (): void => {
      const next = this.results.shift() ?? 0;
      const result = typeof next === "number" ? next : next.errno;
      payload.rc = -result;
      if (result !== 0) {
        const missed = `${name}: Timed out on semaphore in CPU quiesce phase 1/2`;
        const own = typeof next === "number" ? this.message : next.message;
        const message = own ?? (result === Errno.EBUSY ? missed : "");
        if (message !== "") this.#print(message);
      }
      if (result !== 0 && action !== "replace") return;
      if (action === "replace" && result !== Errno.EBUSY) this.#revertAll();
      if (result !== 0) return;
      payload.state = action === "revert" ? CHECKED : APPLIED;
      if (action === "revert") this.stack.pop();
      else this.stack.push(name);
    };
    this.#pending = { at: this.#time + this.workMs, end, name };
    return 0;
  }

  #revertAll(): void {
    for (const name of this.stack.splice(0)) {
      const payload = this.payloads.get(name);
      if (payload !== undefined) payload.state = CHECKED;
    }
  }

  #print(message: string): void {
    if (this.prints) this.#text += `(XEN) livepatch: ${message}\n`;
  }
}

export const options: ActOptions = {
  deadlineMs: 10_000,
  quiesceMs: 200,
  dependencyCheck: "whole-chain",
};

export function run(
  xen: FakeXen,
  action: Action,
  name: string,
  changes: Partial<ActOptions> = {},
): Promise<ActOutcome> {
  return act(xen, { action, name }, { ...options, ...changes }, xen);
}

/** The error of an action that must fail. */
export async function failure(promise: Promise<unknown>): Promise<HostError> {
  const error = await promise.then(
    () => assert.fail("the action succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HostError, String(error));
  return error;
}
