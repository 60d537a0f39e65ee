// A lab, and a host on it, for the time of a suite.

import assert from "node:assert/strict";
import type { LivepatchHost } from "../../src/host/host.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { type OpenLabOptions, openLab } from "../../src/lab/open-lab.ts";
import type { HostUnderTest } from "./host-under-test.ts";
import { readXenImage } from "./xen-image.ts";

export interface OpenedHost {
  readonly host: LivepatchHost;
  /** What the host does not close itself. */
  readonly close?: () => Promise<void>;
}

/** A lab that could not be used is closed: its QEMU would keep the test's process alive. */
export async function openOnLab(
  options: OpenLabOptions & { readonly xen: string },
  open: (lab: Lab) => Promise<OpenedHost>,
): Promise<HostUnderTest> {
  const lab = await openLab(options);
  try {
    assert.ok(lab.info.symbols);
    const { host, close } = await open(lab);
    return {
      host,
      xen: readXenImage(lab.info.symbols),
      release: options.xen,
      runsHooks: true,
      readMemory: (address, length) => lab.readHypervisor(address, length),
      close: async () => {
        await host[Symbol.asyncDispose]();
        await close?.();
        await lab.close();
      },
    };
  } catch (error) {
    await lab.close();
    throw error;
  }
}
