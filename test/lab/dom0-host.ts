// Runs in a lab's dom0: opens the local kind of host and does what the test outside asks for.

import { createInterface } from "node:readline";
import { HostError } from "../../src/host/errors.ts";
import type { LivepatchHost } from "../../src/host/host.ts";
import { openLocalHost } from "../../src/hosts/local.ts";
import { type Reply, type Request, readMessage, writeMessage } from "./dom0-calls.ts";

const host = await openLocalHost();
for await (const line of createInterface({ input: process.stdin })) {
  writeMessage(process.stdout, await answer(host, readMessage(line) as Request));
}
await host[Symbol.asyncDispose]();

async function answer(host: LivepatchHost, { method, args }: Request): Promise<Reply> {
  try {
    if (method === "capabilities") return { kind: "value", value: host.capabilities };
    const call = host[method] as (...args: readonly unknown[]) => Promise<unknown>;
    return { kind: "value", value: await call.apply(host, [...args]) };
  } catch (error) {
    if (error instanceof HostError) {
      return { kind: "refused", report: error.report, errno: error.errno };
    }
    return { kind: "bug", text: error instanceof Error ? (error.stack ?? "") : String(error) };
  }
}
