// Reads the hypervisor's console ring since a mark, in as many calls as necessary.

import { CONSOLE_CHUNK_SIZE, consoleRequest, readConsolePart } from "./console-calls.ts";
import type { SysctlInterface } from "./sysctl-interface.ts";
import type { Hypercall, HypercallAnswer } from "./transport.ts";

export interface ConsoleRead {
  readonly text: string;
  /** Count of characters printed since boot, modulo 2³²: where the next read goes on. */
  readonly end: number;
  /** The output between the mark and `text` was no longer in the ring. */
  readonly lost: boolean;
}

/** Xen may print faster than this reads; later output is left for the next read. */
const CALLS_MAX = 1024;

export async function readWholeConsole(
  dialect: SysctlInterface,
  since: number | undefined,
  call: (call: Hypercall) => Promise<HypercallAnswer>,
): Promise<ConsoleRead> {
  const chunks: Uint8Array[] = [];
  let next = since;
  let lost = false;
  for (let calls = 0; calls < CALLS_MAX; calls++) {
    const request = consoleRequest(dialect, next);
    const { bytes, start, end } = readConsolePart(request, (await call(request.call)).output);
    lost ||= next !== undefined && start !== next;
    chunks.push(bytes);
    next = end;
    if (bytes.length < CONSOLE_CHUNK_SIZE) break;
  }
  return { text: Buffer.concat(chunks).toString(), end: next ?? 0, lost };
}
