// Takes a payload of the corpus through its whole life on a real Xen: loaded, applied, seen to act,
// reverted, unloaded, with the functions' bytes read from outside before, in between and after.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../../src/bytes/hex.ts";
import type { LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { LEAVING_MS } from "../../src/xen-abi/rendezvous.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import type { CorpusCase } from "../corpus/case.ts";
import type { ProbedXen } from "../corpus/probes.ts";
import type { CaseBuild } from "./build-corpus-build.ts";
import { actOptions, call } from "./host-under-test.ts";

/** The jump to a new body, perhaps behind an ENDBR64. */
const jump = /^(f30f1efa)?e9/;

export interface CorpusXen extends ProbedXen {
  readonly lab: Lab;
  readonly host: LivepatchHost;
}

/** The caller closes the lab. */
export async function openCorpusXen(): Promise<CorpusXen> {
  const lab = await openLab({ xen: "4.17" });
  const transport = new ProxyTransport(lab.agent);
  return { lab, transport, client: new XenClient(transport), host: await labHost(lab) };
}

/** @throws AssertionError or HostError when anything is not as it has to be */
export async function applyCase(
  xen: CorpusXen,
  { name, expected }: CorpusCase,
  { payload, report }: CaseBuild,
): Promise<void> {
  assert.ok(payload && report && expected.outcome === "built", `${name} was built`);
  const { host } = xen;
  const { functions } = report;
  const shows = async (state: "without" | "with"): Promise<void> => {
    if (expected.shows === undefined) return;
    const { probe, [state]: text } = expected.shows;
    assert.match(await probe(xen), text, `${name}, ${state} the fix`);
  };
  const entries = await readEntries(xen, functions);
  await shows("without");
  await host.upload(name, payload, call);
  const [listed] = await host.list(call);
  const { payload: told } = report;
  assert.ok(listed?.metadata?.includes(`build-id=${told?.buildId}`), "it lists its build-id");
  await act(xen, "apply", name);
  for (const entry of await readEntries(xen, functions)) assert.match(entry, jump);
  await shows("with");
  await act(xen, "revert", name);
  assert.deepEqual(await readEntries(xen, functions), entries);
  await shows("without");
  if ((told?.standing.lingers ?? []).length > 0) await sleep(LEAVING_MS);
  await act(xen, "unload", name);
  assert.deepEqual(await host.list(call), []);
}

async function act(
  { host }: CorpusXen,
  action: "apply" | "revert" | "unload",
  name: string,
): Promise<void> {
  const { result } = await host.act(action, name, actOptions);
  assert.equal(result, "done", `${action} ${name}`);
}

/** All bytes of each function, in hex, from outside of the machine. */
async function readEntries(
  { lab }: CorpusXen,
  functions: readonly { readonly address: string; readonly oldSizeBytes: number }[],
): Promise<readonly string[]> {
  const entries: string[] = [];
  for (const { address, oldSizeBytes } of functions) {
    entries.push(toHex(await lab.readHypervisor(BigInt(address), oldSizeBytes)));
  }
  return entries;
}
