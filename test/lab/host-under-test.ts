// A host on a real hypervisor, or on the model, as tests of all kinds use it.

import assert from "node:assert/strict";
import { HostError, type HostErrorCode } from "../../src/host/errors.ts";
import type { ActOptions, LivepatchHost } from "../../src/host/host.ts";
import { settledState } from "../../src/host/settled-state.ts";
import type { XenImage } from "./xen-image.ts";

export interface HostUnderTest {
  readonly host: LivepatchHost;
  readonly xen: XenImage;
  /** "4.17"; what the hypervisor's version has to begin with. */
  readonly release: string;
  /** `false` for a host that runs no code, and so no hooks. */
  readonly runsHooks: boolean;
  /** Of the hypervisor, from outside. */
  readMemory(address: bigint, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export const call = { deadlineMs: 60_000 };
export const actOptions: ActOptions = {
  ...call,
  dependencyCheck: "whole-chain",
  // Virtual CPUs share the machine's few real ones, so they may need long to meet (tried.md).
  quiesceMs: 200,
};

/** Leaves a host as it was found: nothing applied, nothing loaded. */
export async function clearHost(host: LivepatchHost): Promise<void> {
  for (
    let payloads = await host.list(call);
    payloads.length > 0;
    payloads = await host.list(call)
  ) {
    for (const { name, status } of [...payloads].reverse()) {
      // The one on top of the stack is found by trying: the list does not tell.
      if (settledState(status) === "applied") {
        await host.act("revert", name, actOptions).catch(passOver("host/wrong-state"));
      }
      await host.act("unload", name, actOptions).catch(passOver("host/wrong-state"));
    }
  }
}

function passOver(code: HostErrorCode): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof HostError) || error.report.code !== code) throw error;
  };
}

export async function refused(
  attempt: Promise<unknown>,
  expected: { readonly code?: HostErrorCode; readonly errno?: number },
): Promise<HostError> {
  const error = await attempt.then(
    () => assert.fail("it succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HostError, String(error));
  if (expected.code !== undefined) assert.equal(error.report.code, expected.code, error.message);
  if (expected.errno !== undefined) assert.equal(error.errno, expected.errno, error.message);
  return error;
}
