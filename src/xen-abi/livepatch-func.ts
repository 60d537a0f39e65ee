// struct livepatch_func, one entry of `.livepatch.funcs`: ABI reference §1.3. Pointers are 0 in the
// file where a relocation fills them in. This file does not follow pointers; see payload/.

import type { ByteReader } from "../bytes/byte-reader.ts";
import type { ByteWriter } from "../bytes/byte-writer.ts";
import { invariant } from "../invariant.ts";
import {
  EXPECTATION_SIZE,
  type LivepatchExpectation,
  readExpectation,
  writeExpectation,
} from "./expectation.ts";
import { hasFeature } from "./features.ts";
import type { PayloadVersion, Release } from "./release.ts";

export const LIVEPATCH_FUNC_SIZE = { 1: 64, 2: 104 } as const;
export const LIVEPATCH_FUNC_ALIGNMENT = 8;

/** Offsets of the pointers in an entry, in bytes, where their relocations apply. */
export const LIVEPATCH_FUNC_POINTERS = { name: 0, newAddress: 8, oldAddress: 16 } as const;

const VERSION_OFFSET = 32;
const RESERVED_OFFSET = 33;
const RESERVED_SIZE = { 1: 31, 2: 39 } as const;

export interface LivepatchFunc {
  readonly nameAddress: bigint;
  readonly newAddress: bigint;
  readonly oldAddress: bigint;
  readonly newSize: number;
  readonly oldSize: number;
  /** As found; the caller chooses the layout of an entry from the whole table. */
  readonly version: number;
  /** Offsets 33…63 (version 1) or 33…71 (version 2). Must be zero in a file. */
  readonly reserved: Uint8Array;
  /** `undefined` in entries of version 1, which have no expectation. */
  readonly expectation: LivepatchExpectation | undefined;
}

/** Reads one entry in the layout of `version`. @throws ByteError when the data ends before it */
export function readLivepatchFunc(reader: ByteReader, version: PayloadVersion): LivepatchFunc {
  const start = reader.offset;
  const func = {
    nameAddress: reader.u64("name"),
    newAddress: reader.u64("new_addr"),
    oldAddress: reader.u64("old_addr"),
    newSize: reader.u32("new_size"),
    oldSize: reader.u32("old_size"),
    version: reader.u8("version"),
    reserved: reader.bytes("reserved", RESERVED_SIZE[version]),
    expectation: version === 2 ? readExpectation(reader) : undefined,
  };
  const size = reader.offset - start;
  invariant(size === LIVEPATCH_FUNC_SIZE[version], `livepatch_func of ${size} bytes`);
  return func;
}

/** Writes one entry in the layout that it was read in: an expectation means version 2. */
export function writeLivepatchFunc(writer: ByteWriter, func: LivepatchFunc): void {
  const layout = func.expectation === undefined ? 1 : 2;
  invariant(func.reserved.length === RESERVED_SIZE[layout], "reserved bytes of another version");
  writer.u64(func.nameAddress).u64(func.newAddress).u64(func.oldAddress);
  writer.u32(func.newSize).u32(func.oldSize).u8(func.version).bytes(func.reserved);
  if (func.expectation !== undefined) writeExpectation(writer, func.expectation);
}

/** The reserved bytes as every file must have them. */
export function zeroReserved(version: PayloadVersion): Uint8Array {
  return new Uint8Array(RESERVED_SIZE[version]);
}

/** The reserved bytes that a hypervisor uses for its own state, as offsets into the entry. */
export interface LivepatchFuncState {
  /** The saved original instructions, 31 bytes. */
  readonly opaque: number;
  /** Non-zero while applied. In a file it makes Xen silently skip the function. */
  readonly applied: number | undefined;
  /** Bytes from old_addr to the jump: 4 after ENDBR64. */
  readonly patchOffset: number | undefined;
}

/** `undefined` where the state is outside of the payload (livepatch_fstate). */
export function livepatchFuncState(release: Release): LivepatchFuncState | undefined {
  if (hasFeature(release, "function-state-outside")) return undefined;
  const hasApplied = hasFeature(release, "payload-version-2");
  return {
    opaque: RESERVED_OFFSET,
    applied: hasApplied ? 64 : undefined,
    patchOffset: hasApplied && hasFeature(release, "endbr-aware") ? 65 : undefined,
  };
}

invariant(
  RESERVED_OFFSET === VERSION_OFFSET + 1 &&
    RESERVED_OFFSET + RESERVED_SIZE[1] === LIVEPATCH_FUNC_SIZE[1] &&
    RESERVED_OFFSET + RESERVED_SIZE[2] + EXPECTATION_SIZE === LIVEPATCH_FUNC_SIZE[2],
  "the fields of livepatch_func must fill it",
);
