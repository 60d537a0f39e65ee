// A real Xen in the lab with everything to patch it by hand-written C. Not a test.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type CompiledPayload, compilePayload } from "../../src/compile/compile.ts";
import type { Action, LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { onHypervisor, readPayloadBelow } from "../../src/running/payload-below.ts";
import { readXenSyms, type XenSyms } from "../../src/running/xen-syms.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { actOptions } from "./host-under-test.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-compile-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A lab and everything to patch it with. */
export interface Bench {
  readonly lab: Lab;
  readonly host: LivepatchHost;
  readonly client: XenClient;
  readonly xen: XenSyms;
  close(): Promise<void>;
}

export async function openBench(xen: string): Promise<Bench> {
  return await benchOf(await openLab({ xen }));
}

/** Of a lab with symbols, which it closes. */
export async function benchOf(lab: Lab): Promise<Bench> {
  const { symbols } = lab.info;
  assert.ok(symbols);
  return {
    lab,
    host: await labHost(lab),
    client: new XenClient(new ProxyTransport(lab.agent)),
    xen: readXenSyms(readFileSync(symbols), symbols),
    close: () => lab.close(),
  };
}

let count = 0;

/** `below`: payloads to lie on, the lowest first. */
export function compile(
  { xen }: Bench,
  c: string,
  ...below: readonly CompiledPayload[]
): Promise<CompiledPayload> {
  return compileFile(xen, sourceFile(c), ...below);
}

/** A file with this text, for as long as the tests run. */
export function sourceFile(c: string): string {
  const source = join(folder, `${count++}.c`);
  writeFileSync(source, c);
  return source;
}

export function compileFile(
  xen: XenSyms,
  source: string,
  ...below: readonly CompiledPayload[]
): Promise<CompiledPayload> {
  return compilePayload({
    inputs: { sources: [source], replace: [] },
    target: { xen, release: undefined },
    stacking: {
      foundation: {
        ...onHypervisor,
        payloads: below.map(({ bytes }) => readPayloadBelow(bytes, "below")),
      },
      mode: "stack",
      guard: "none",
    },
    compiler: { command: undefined, extraFlags: [] },
    metadata: [],
  });
}

/** Runs the actions on a payload; each has to do something. */
export async function act(
  { host }: Bench,
  name: string,
  ...actions: readonly Action[]
): Promise<void> {
  for (const action of actions) {
    const outcome = await host.act(action, name, actOptions);
    assert.equal(outcome.result, "done", `${action} ${name}`);
  }
}

export async function versions({
  client,
}: Bench): Promise<readonly [extra: string, changeset: string]> {
  return [await client.extraVersion(), await client.changeset()];
}
