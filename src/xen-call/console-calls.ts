// Encodes and decodes readconsole. Pure. Xen counts every character that it ever printed; the ring
// holds the last of them, and that count says where to start in it.

import { readconsoleLayout, XenSysctl } from "../xen-abi/sysctl.ts";
import { ArenaReader } from "./arena.ts";
import { sysctl, sysctlCall } from "./livepatch-calls.ts";
import type { SysctlInterface } from "./sysctl-interface.ts";
import type { Hypercall } from "./transport.ts";

/** Size of one read; the ring is 16 KiB unless the boot option conring_size says otherwise. */
export const CONSOLE_CHUNK_SIZE = 32 * 1024;

export interface ConsoleRequest {
  readonly call: Hypercall;
  readonly textOffset: number;
}

export interface ConsolePart {
  readonly bytes: Uint8Array;
  /** Counts of the first and after the last character, modulo 2³². */
  readonly start: number;
  readonly end: number;
}

/** @param since count of characters to start at; by default the oldest in the ring */
export function consoleRequest(
  dialect: SysctlInterface,
  since: number | undefined,
): ConsoleRequest {
  const arena = sysctl(dialect, XenSysctl.readconsole);
  if (since !== undefined) {
    arena.u8(readconsoleLayout.incremental, 1).u32(readconsoleLayout.index, since);
  }
  arena.u32(readconsoleLayout.count, CONSOLE_CHUNK_SIZE);
  const textOffset = arena.output(readconsoleLayout.buffer, CONSOLE_CHUNK_SIZE);
  return { call: sysctlCall(arena), textOffset };
}

export function readConsolePart({ textOffset }: ConsoleRequest, output: Uint8Array): ConsolePart {
  const reader = new ArenaReader(output);
  const count = reader.u32(readconsoleLayout.count);
  const end = reader.u32(readconsoleLayout.index);
  return { bytes: reader.bytes(textOffset, count), start: (end - count) >>> 0, end };
}
