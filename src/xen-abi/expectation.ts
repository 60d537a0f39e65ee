// struct livepatch_expectation, the last 32 bytes of a function entry of version 2: ABI reference
// §1.4. The first byte is a bit field: enabled (bit 0), length (1-5), reserved (6-7).

import type { ByteReader } from "../bytes/byte-reader.ts";
import type { ByteWriter } from "../bytes/byte-writer.ts";
import { invariant } from "../invariant.ts";
import { EXPECTATION_LENGTH_MAX } from "./limits.ts";

export const EXPECTATION_SIZE = 1 + EXPECTATION_LENGTH_MAX;

export interface LivepatchExpectation {
  readonly enabled: boolean;
  /** The number of bytes of `data` that Xen compares. */
  readonly length: number;
  /** 0 … 3; Xen refuses to apply an enabled expectation unless it is 0. */
  readonly reserved: number;
  /** All 31 bytes. */
  readonly data: Uint8Array;
}

/** An expectation of `bytes`, 31 at most; `undefined` for none. */
export function makeExpectation(bytes: Uint8Array | undefined): LivepatchExpectation {
  const length = bytes?.length ?? 0;
  invariant(length <= EXPECTATION_LENGTH_MAX, `an expectation of ${length} bytes`);
  const data = new Uint8Array(EXPECTATION_LENGTH_MAX);
  data.set(bytes ?? []);
  return { enabled: bytes !== undefined, length, reserved: 0, data };
}

export function readExpectation(reader: ByteReader): LivepatchExpectation {
  const bits = reader.u8("expect");
  return {
    enabled: (bits & 1) === 1,
    length: (bits >> 1) & 0x1f,
    reserved: bits >> 6,
    data: reader.bytes("expect.data", EXPECTATION_LENGTH_MAX),
  };
}

export function writeExpectation(writer: ByteWriter, expectation: LivepatchExpectation): void {
  const { enabled, length, reserved, data } = expectation;
  invariant(data.length === EXPECTATION_LENGTH_MAX, `${data.length} bytes of expected data`);
  invariant(length <= EXPECTATION_LENGTH_MAX && reserved <= 3, "an expectation out of range");
  writer.u8((enabled ? 1 : 0) | (length << 1) | (reserved << 6)).bytes(data);
}
