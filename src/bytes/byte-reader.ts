// A bounded cursor over bytes that come from elsewhere. Every read is checked and names its field, so
// that the error for a truncated file says what is missing. Little-endian only: xSplice reads nothing
// else (ELF64 LSB, Xen's structures on x86-64 and AArch64).

import { type ErrorReport, XspliceError } from "../error.ts";
import { hexNumber } from "./hex.ts";

export class ByteError extends XspliceError<"bytes/truncated" | "bytes/too-large"> {}

export class ByteReader {
  /** What the bytes are, for messages: `"fix.livepatch", section ".livepatch.funcs"`. */
  readonly source: string;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array, source: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.source = source;
  }

  get offset(): number {
    return this.#offset;
  }

  get length(): number {
    return this.#view.byteLength;
  }

  get remaining(): number {
    return this.length - this.#offset;
  }

  /** Moves the cursor. @throws ByteError when `offset` lies past the end */
  seek(offset: number): void {
    if (offset < 0 || offset > this.length) throw this.#truncated("position", offset, 0);
    this.#offset = offset;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(field, 1));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#take(field, 2), true);
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(field, 4), true);
  }

  i32(field: string): number {
    return this.#view.getInt32(this.#take(field, 4), true);
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(field, 8), true);
  }

  i64(field: string): bigint {
    return this.#view.getBigInt64(this.#take(field, 8), true);
  }

  /** `length` bytes as a view, not a copy. */
  bytes(field: string, length: number): Uint8Array {
    const start = this.#take(field, length);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, length);
  }

  #take(field: string, length: number): number {
    const start = this.#offset;
    if (length < 0 || start + length > this.length) throw this.#truncated(field, start, length);
    this.#offset = start + length;
    return start;
  }

  #truncated(field: string, offset: number, length: number): ByteError {
    const report: ErrorReport<"bytes/truncated"> = {
      code: "bytes/truncated",
      problem: `Cannot read ${field}: the data ends at ${hexNumber(this.length)}`,
      where: `${this.source}, offset ${hexNumber(offset)}`,
      expected: `${length} more bytes`,
    };
    return new ByteError(report);
  }
}
