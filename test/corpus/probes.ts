// Where a fix shows: what the hypervisor answers to a hypercall, or prints when it is asked to.
// Numbers and layouts from xen/include/public of 4.17 (xen.h, sysctl.h, domctl.h).

import { setTimeout as sleep } from "node:timers/promises";
import { ArenaBuilder } from "../../src/xen-call/arena.ts";
import type { XenClient } from "../../src/xen-call/client.ts";
import { sysctl, sysctlCall } from "../../src/xen-call/livepatch-calls.ts";
import type { Hypercall, HypercallTransport } from "../../src/xen-call/transport.ts";

/** A running Xen, from its dom0. */
export interface ProbedXen {
  readonly client: XenClient;
  readonly transport: HypercallTransport;
}

/** Says in a text what it found; asks the same each time. */
export type Probe = (xen: ProbedXen) => Promise<string>;

const SET_SEGMENT_BASE = 25;
const XEN_VERSION = 17;
const DOMCTL = 36;

export const extraVersion: Probe = ({ client }) => client.extraVersion();
export const capabilities: Probe = ({ client }) => client.capabilities();

/** What Xen prints for a debug key (`xl debug-keys`). */
export function pressKey(key: string): Probe {
  const CMD = 7;
  return (xen) =>
    printed(xen, async () => {
      const arena = sysctl(await xen.client.dialect(), CMD);
      arena.u32(16, key.length).input(8, Buffer.from(key));
      return sysctlCall(arena);
    });
}

/** Results of xen_version(pagesize) with two buffers that nothing can be written to. */
export const pageSizeBuffers: Probe = async ({ transport }) => {
  const results: number[] = [];
  for (const buffer of [0x10n, 1n << 63n]) {
    const args = [{ value: 7n }, { value: buffer }];
    results.push(await resultOf(transport, new ArenaBuilder(0).build(XEN_VERSION, args)));
  }
  return results.join(" ");
};

/** Result of xen_version(pagesize), and what Xen prints meanwhile. */
export const printedByPageSize: Probe = (xen) =>
  printed(xen, async () => new ArenaBuilder(0).build(XEN_VERSION, [{ value: 7n }, { value: 0n }]));

/** Results of xen_version(pagesize), with keys handled in the other way and in the first one. */
export const pageSizeByKeyHandling: Probe = async (xen) => {
  const toggle = pressKey("A");
  const results: string[] = [];
  for (const _ of ["alternative", "normal"]) {
    await toggle(xen);
    const [, result = ""] = /result (.*)$/.exec(await printedByPageSize(xen)) ?? [];
    results.push(result);
  }
  return results.join(" ");
};

/** Results for a user %gs that no descriptor table has, and for a segment that there is not. */
export const segmentBases: Probe = async ({ transport }) => {
  const results: number[] = [];
  for (const [which, base] of [
    [3n, 0x1237n],
    [99n, 0n],
  ] as const) {
    const args = [{ value: which }, { value: base }];
    results.push(await resultOf(transport, new ArenaBuilder(0).build(SET_SEGMENT_BASE, args)));
  }
  return results.join(" ");
};

/** Result of asking for the raw CPU policy, with no room for CPUID leaves, or for their number. */
export function rawCpuPolicy(ask: "leaves" | "number"): Probe {
  const CMD = 29;
  return async ({ client, transport }) => {
    const arena = sysctl(await client.dialect(), CMD);
    if (ask === "leaves") arena.output(24, 64);
    return String(await resultOf(transport, sysctlCall(arena)));
  };
}

/** What Xen prints when dom0 gives itself a page of I/O memory that it has already. */
export const grantIoMemory: Probe = (xen) =>
  printed(xen, async () => {
    const arena = new ArenaBuilder(160);
    // No domain id: 0 is dom0.
    arena.u32(0, 20).u32(4, 0x15).u64(16, 0xfed80n).u64(24, 1n).u8(32, 1);
    return arena.build(DOMCTL, [{ arenaOffset: 0 }]);
  });

async function printed(
  { client, transport }: ProbedXen,
  makeCall: () => Promise<Hypercall>,
): Promise<string> {
  const { end } = await client.readConsole();
  const result = await resultOf(transport, await makeCall());
  // Some handlers go on in a tasklet.
  await sleep(20);
  const { text } = await client.readConsole(end);
  return `${text}\nresult ${result}`;
}

async function resultOf(transport: HypercallTransport, call: Hypercall): Promise<number> {
  return (await transport.hypercall(call)).result;
}
