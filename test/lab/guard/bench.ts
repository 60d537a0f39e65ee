// Where the scenarios of the old-code guard play, real or a model, and what each of them does there:
// upload, apply, other actions, a refusal for old code with nothing changed, a probe. Not a test.

import assert from "node:assert/strict";
import { HostError } from "../../../src/host/errors.ts";
import type { Action, ActOptions, LivepatchHost } from "../../../src/host/host.ts";
import { parsePayload } from "../../../src/payload/parse.ts";
import { type ProbeResult, probeHost } from "../../../src/probe/probe.ts";
import type { XenSyms } from "../../../src/running/xen-syms.ts";
import { Errno } from "../../../src/xen-abi/errno.ts";
import { actOptions, call } from "../host-under-test.ts";

export interface GuardBench {
  readonly host: LivepatchHost;
  readonly xen: XenSyms;
  /** Of the functions of `idle`. */
  hashText(): Promise<string>;
  close(): Promise<void>;
}

/** By their titles; each leaves the host's code as it found it. */
export type GuardScenarios = Readonly<Record<string, (bench: GuardBench) => Promise<void>>>;

export const independent: ActOptions = { ...actOptions, dependencyCheck: "hypervisor-only" };

export async function upload({ host }: GuardBench, name: string, bytes: Uint8Array): Promise<void> {
  await host.upload(name, bytes, call);
}

export async function apply(
  { host }: GuardBench,
  name: string,
  options = actOptions,
): Promise<void> {
  assert.equal((await host.act("apply", name, options)).result, "done");
}

export async function act({ host }: GuardBench, name: string, ...actions: Action[]): Promise<void> {
  for (const action of actions) {
    assert.equal((await host.act(action, name, actOptions)).result, "done", `${action} ${name}`);
  }
}

/** Refused for its old code: at once, and with the host as it was. */
export async function isRefused(bench: GuardBench, name: string, place: RegExp): Promise<void> {
  const { host } = bench;
  const before = await bench.hashText();
  await assert.rejects(host.act("apply", name, independent), (error) => {
    assert.ok(error instanceof HostError, String(error));
    assert.equal(error.errno, Errno.EINVAL);
    assert.match(error.unexpectedCode?.place ?? "", place);
    return true;
  });
  assert.deepEqual(await host.status(name, call), { kind: "checked" });
  assert.equal(await bench.hashText(), before);
}

export function probe(
  { host }: GuardBench,
  bytes: Uint8Array,
  purpose: "apply" | "replace" = "apply",
): Promise<ProbeResult> {
  return probeHost(host, { payload: parsePayload(bytes, "probed"), purpose }, actOptions);
}
