// Encodes and decodes LIST: ABI reference §6.3 and §6.4. Pure.

import { PAYLOAD_NAME_MAX } from "../xen-abi/limits.ts";
import { LIVEPATCH_STATUS_SIZE, LivepatchOp, listLayouts } from "../xen-abi/sysctl.ts";
import { ArenaReader } from "./arena.ts";
import { livepatchOp, type RawStatus, sysctlCall } from "./livepatch-calls.ts";
import type { SysctlInterface } from "./sysctl-interface.ts";
import type { Hypercall, HypercallAnswer } from "./transport.ts";

/** Size of each name in family A; also the largest size of a name in the others. */
const NAME_STRIDE = PAYLOAD_NAME_MAX + 1;

/**
 * Family B writes metadata without a bound. The probe returns the size needed now; this is added for a
 * payload that is uploaded between the probe and the call.
 */
const METADATA_SLACK = 64 * 1024;

export interface RawListEntry extends RawStatus {
  readonly name: string;
  /** `key=value` strings; `undefined` in family A, which has none. */
  readonly metadata: readonly string[] | undefined;
}

export interface ListProbe {
  /** Changes with every upload and unload. */
  readonly version: number;
  readonly count: number;
  /** Bytes of all metadata; 0 in family A. */
  readonly metadataSize: number;
}

/** The offsets of the answer of one LIST. */
export interface ListRequest {
  readonly call: Hypercall;
  readonly count: number;
  readonly offsets: {
    readonly status: number;
    readonly names: number;
    readonly nameLengths: number;
    readonly metadata: { readonly bytes: number; readonly lengths: number } | undefined;
  };
}

export interface ListPart {
  readonly version: number;
  readonly entries: readonly RawListEntry[];
  readonly remaining: number;
}

/** Requests no entries: returns their number, and whether Xen knows the call at all. */
export function listProbeCall(dialect: SysctlInterface): Hypercall {
  return sysctlCall(livepatchOp(dialect, LivepatchOp.LIST));
}

export function readListProbe({ family }: SysctlInterface, output: Uint8Array): ListProbe {
  const reader = new ArenaReader(output);
  const { version, count, totals } = listLayouts[family];
  const metadataSize = totals === undefined ? 0 : reader.u32(totals.metadata);
  return { version: reader.u32(version), count: reader.u32(count), metadataSize };
}

export function listRequest(
  dialect: SysctlInterface,
  from: { readonly index: number; readonly count: number; readonly metadataSize: number },
): ListRequest {
  const layout = listLayouts[dialect.family];
  const { count } = from;
  const arena = livepatchOp(dialect, LivepatchOp.LIST);
  arena.u32(layout.index, from.index).u32(layout.count, count);
  const metadataRoom = from.metadataSize + METADATA_SLACK;
  if (layout.totals !== undefined && dialect.family === "C") {
    arena.u32(layout.totals.names, count * NAME_STRIDE).u32(layout.totals.metadata, metadataRoom);
  }
  const status = arena.output(layout.status, count * LIVEPATCH_STATUS_SIZE);
  const nameLengths = arena.output(layout.nameLength, count * 4);
  const names = arena.output(layout.name, count * NAME_STRIDE);
  if (layout.metadata === undefined) {
    const offsets = { status, names, nameLengths, metadata: undefined };
    return { call: sysctlCall(arena), count, offsets };
  }
  const lengths = arena.output(layout.metadata.length, count * 4);
  // Last, so that an overrun does not hit other buffers.
  const bytes = arena.output(layout.metadata.bytes, metadataRoom);
  const offsets = { status, names, nameLengths, metadata: { bytes, lengths } };
  return { call: sysctlCall(arena), count, offsets };
}

/** Reads the entries that Xen copied: its result is their number, which may be smaller than requested. */
export function readListPart(
  { family }: SysctlInterface,
  { count, offsets }: ListRequest,
  { result, output }: HypercallAnswer,
): ListPart {
  const reader = new ArenaReader(output);
  const layout = listLayouts[family];
  const entries: RawListEntry[] = [];
  let nameAt = offsets.names;
  let metadataAt = offsets.metadata?.bytes ?? 0;
  for (let index = 0; index < Math.min(result, count); index++) {
    const statusAt = offsets.status + index * LIVEPATCH_STATUS_SIZE;
    const nameLength = reader.u32(offsets.nameLengths + index * 4);
    const metadataLength = offsets.metadata ? reader.u32(offsets.metadata.lengths + index * 4) : 0;
    entries.push({
      name: reader.text(nameAt, nameLength),
      state: reader.u32(statusAt),
      rc: reader.i32(statusAt + 4),
      metadata: offsets.metadata && splitMetadata(reader.bytes(metadataAt, metadataLength)),
    });
    nameAt += family === "A" ? NAME_STRIDE : nameLength;
    metadataAt += metadataLength;
  }
  return { version: reader.u32(layout.version), entries, remaining: reader.u32(layout.count) };
}

/** NUL-separated strings; empty ones are padding. */
function splitMetadata(bytes: Uint8Array): string[] {
  const strings = Buffer.from(bytes).toString().split("\0");
  return strings.filter((text) => text.length > 0);
}
