// Entries of `.ex_table` (x86): where execution continues when an instruction faults: ABI reference
// §1.8. Both offsets are relative to the field that holds them.

import type { ByteReader } from "../bytes/byte-reader.ts";
import type { ByteWriter } from "../bytes/byte-writer.ts";

export const EXCEPTION_ENTRY_SIZE = 8;

export interface ExceptionEntry {
  /** Offset to the instruction that may fault. */
  readonly addressOffset: number;
  readonly continuationOffset: number;
}

export function readExceptionEntry(reader: ByteReader): ExceptionEntry {
  return { addressOffset: reader.i32("addr"), continuationOffset: reader.i32("cont") };
}

export function writeExceptionEntry(writer: ByteWriter, entry: ExceptionEntry): void {
  writer.i32(entry.addressOffset).i32(entry.continuationOffset);
}
