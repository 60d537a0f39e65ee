// One step on a real hypervisor, to its end: the answer of the hypercall, or the result of what it
// started. A missed rendezvous is tried again.

import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "../../src/host/errors.ts";
import { Errno, nameOfErrno } from "../../src/xen-abi/errno.ts";
import { LivepatchState } from "../../src/xen-abi/sysctl.ts";
import type { XenClient } from "../../src/xen-call/client.ts";
import { newResult, type Step } from "./differential-script.ts";

export interface RealAnswer {
  /** Positive; 0 when it was done. */
  readonly errno: number;
  readonly retries: number;
}

const RETRIES_MAX = 10;
const FIRST_TIMEOUT_NS = 200_000_000;
const TIMEOUT_MAX_NS = 0xffff_ffff;
const POLL_MS = 2;
const POLLS_MAX = 5_000;

export async function actForReal(client: XenClient, step: Step): Promise<RealAnswer> {
  if (step.do === "upload") {
    return { errno: await errnoOf(client.upload(step.name, step.bytes)), retries: 0 };
  }
  const dependencyCheck = step.nodeps ? "hypervisor-only" : "whole-chain";
  for (let retries = 0; ; retries++) {
    const before = await client.get(step.name);
    const timeoutNs = Math.min(FIRST_TIMEOUT_NS * 2 ** retries, TIMEOUT_MAX_NS);
    const request = { dependencyCheck, timeoutNs } as const;
    const answer = await errnoOf(client.action(step.do, step.name, request));
    if (answer !== 0) return { errno: answer, retries };
    const after = await settled(client, step.name);
    // Of an action that Xen took for done, `rc` tells of an earlier one.
    const missed = after?.rc === -Errno.EBUSY && after.state === before?.state;
    if (missed && retries < RETRIES_MAX) continue;
    return { errno: newResult(before, after), retries };
  }
}

/** `EINVAL (22)`, or `done`. */
export function realErrno(errno: number): string {
  return errno === 0 ? "done" : nameOfErrno(errno);
}

export async function realStatuses(client: XenClient): Promise<string> {
  const states = (await client.list()).map(({ name, state, rc, metadata }) => {
    const word = state === LivepatchState.APPLIED ? "applied" : "checked";
    return `${name} ${word} ${rc === 0 ? 0 : rc} ${(metadata ?? []).join(";")}`;
  });
  return states.join(", ");
}

async function settled(
  client: XenClient,
  name: string,
): Promise<{ readonly state: number; readonly rc: number } | undefined> {
  for (let poll = 0; poll < POLLS_MAX; poll++) {
    const status = await client.get(name);
    if (status?.rc !== -Errno.EAGAIN) return status;
    await sleep(POLL_MS);
  }
  throw new Error(`an action on "${name}" does not end`);
}

async function errnoOf(call: Promise<void>): Promise<number> {
  try {
    await call;
    return 0;
  } catch (error) {
    if (error instanceof HostError && error.errno !== undefined) return error.errno;
    throw error;
  }
}
