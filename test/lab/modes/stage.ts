// Where the scenarios play: a bench with a real Xen, and a maker of payloads for it. And what each of them
// does there: an action that succeeds, one that Xen refuses with nothing changed, the state to compare.
// Not a test.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { HostError } from "../../../src/host/errors.ts";
import type { Action, ActOptions } from "../../../src/host/host.ts";
import { type Bench, versions } from "../compile-bench.ts";
import { actOptions } from "../host-under-test.ts";
import type { MakePayload } from "./makers.ts";

export interface Stage {
  readonly bench: Bench;
  readonly make: MakePayload;
}

/** By their titles; each leaves the host as it found it. */
export type Scenarios = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** For payloads that do not stand on what was applied last. */
export const independent: ActOptions = { ...actOptions, dependencyCheck: "hypervisor-only" };

export async function act(
  { host }: Bench,
  action: Action,
  name: string,
  options: ActOptions = actOptions,
): Promise<void> {
  const { result } = await host.act(action, name, options);
  assert.equal(result, "done", `${action} ${name}`);
}

/** With nothing changed. */
export async function refused(
  bench: Bench,
  name: string,
  action: Action = "apply",
  options: ActOptions = actOptions,
): Promise<void> {
  const before = await stateOf(bench);
  await assert.rejects(bench.host.act(action, name, options), HostError, `${action} ${name}`);
  assert.deepEqual(await stateOf(bench), before);
}

/** What the calls answer, and the code behind them, read from outside. */
export async function stateOf(bench: Bench): Promise<readonly unknown[]> {
  const hash = createHash("sha256");
  for (const name of ["xen_extra_version", "xen_changeset"]) {
    const { address, sizeBytes } = bench.xen.byName.get(name) ?? assert.fail(name);
    hash.update(await bench.lab.readHypervisor(address, sizeBytes));
  }
  return [await versions(bench), hash.digest("hex")];
}
