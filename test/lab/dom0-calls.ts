// Calls of a host that lives in a process of dom0, from a test outside: one line per call and per
// answer, values as node:v8 writes them (the same Node runs on both sides).

import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { deserialize, serialize } from "node:v8";
import type { ErrorReport } from "../../src/error.ts";
import { HostError, type HostErrorCode } from "../../src/host/errors.ts";
import type { HostCapabilities, LivepatchHost } from "../../src/host/host.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { DOM0_DIST } from "./dom0-xsplice.ts";

type HostMethod = "info" | "list" | "status" | "upload" | "act" | "console";

export interface Request {
  readonly method: HostMethod | "capabilities";
  readonly args: readonly unknown[];
}

export type Reply =
  | { readonly kind: "value"; readonly value: unknown }
  | {
      readonly kind: "refused";
      readonly report: ErrorReport<HostErrorCode>;
      readonly errno: number | undefined;
    }
  | { readonly kind: "bug"; readonly text: string };

export function writeMessage(stream: Writable, message: Request | Reply): void {
  stream.write(`${serialize(message).toString("base64")}\n`);
}

export function readMessage(line: string): unknown {
  return deserialize(Buffer.from(line, "base64"));
}

/** The local kind of host, opened by Node in the lab's dom0. */
export async function openDom0Host(lab: Lab): Promise<LivepatchHost> {
  const child = lab.agent.spawn(["node", `${DOM0_DIST}/test/lab/dom0-host.js`]);
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints += String(chunk);
  });
  const replies = linesOf(child.stdout);
  const ask = async (request: Request): Promise<unknown> => {
    writeMessage(child.stdin, request);
    const { value: line } = await replies.next();
    if (line === undefined) throw new Error(`the process in dom0 ended: ${complaints}`);
    const reply = readMessage(line) as Reply;
    if (reply.kind === "value") return reply.value;
    if (reply.kind === "bug") throw new Error(reply.text);
    throw new HostError(reply.report, reply.errno === undefined ? {} : { errno: reply.errno });
  };
  const call = (method: HostMethod, ...args: readonly unknown[]): Promise<never> =>
    ask({ method, args }) as Promise<never>;
  return {
    label: "this dom0",
    capabilities: (await ask({ method: "capabilities", args: [] })) as HostCapabilities,
    info: (options) => call("info", options),
    list: (options) => call("list", options),
    status: (name, options) => call("status", name, options),
    upload: (name, payload, options) => call("upload", name, payload, options),
    act: (action, name, options) => call("act", action, name, options),
    console: (since, options) => call("console", since, options),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await child.exit;
    },
  };
}

function linesOf(stream: Readable): AsyncIterator<string> {
  return createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]();
}
