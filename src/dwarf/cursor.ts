// A cursor over DWARF data: fixed-size numbers, LEB128, strings. Reading past the end throws an error
// that names the object; every read is checked first.

import { asBuffer } from "../bytes/as-buffer.ts";
import { hexNumber } from "../bytes/hex.ts";
import { DwarfError } from "./errors.ts";

export class DwarfCursor {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #source: string;
  readonly length: number;
  offset: number;

  constructor(bytes: Uint8Array, source: string, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#source = source;
    this.length = bytes.length;
    this.offset = offset;
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  u24(): number {
    const at = this.skip(3);
    return this.#view.getUint16(at, true) + 0x10000 * this.#view.getUint8(at + 2);
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.skip(8), true);
  }

  /** Unsigned LEB128 (DWARF 5, section 7.6). */
  uleb(): bigint {
    return this.#leb().value;
  }

  /** An unsigned LEB128 that is a count or an index. */
  count(): number {
    const first = this.#bytes[this.offset] ?? 0x80;
    if (first >= 0x80) return Number(this.uleb());
    this.offset++;
    return first;
  }

  /** Signed LEB128. */
  sleb(): bigint {
    const { value, bits } = this.#leb();
    return BigInt.asIntN(bits, value);
  }

  bytes(size: number): Uint8Array {
    const start = this.skip(size);
    return this.#bytes.subarray(start, start + size);
  }

  /** Reads up to the next NUL and moves past it. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.offset);
    if (end < 0) throw this.malformed("a text does not end");
    const start = this.skip(end + 1 - this.offset);
    return asBuffer(this.#bytes).toString("utf8", start, end);
  }

  /** The offset of the first skipped byte. */
  skip(size: number): number {
    const start = this.offset;
    if (size < 0 || start + size > this.length) throw this.malformed("it ends in the middle");
    this.offset = start + size;
    return start;
  }

  malformed(state: string): DwarfError {
    return new DwarfError({
      code: "dwarf/malformed",
      problem: `Cannot read the debug information: ${state}`,
      where: `${this.#source}, offset ${hexNumber(this.offset)} of the section`,
      expected: "DWARF 4 or 5, as gcc and clang write it",
    });
  }

  #leb(): { readonly value: bigint; readonly bits: number } {
    let value = 0n;
    let bits = 0;
    for (;;) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << BigInt(bits);
      bits += 7;
      if (byte < 0x80) return { value, bits };
      if (bits > 63) throw this.malformed("a number is longer than 64 bits");
    }
  }
}

/** One for each section: thousands of values are read from the same one, each from another place. */
export function cursorOver(bytes: Uint8Array, source: string, offset: number): DwarfCursor {
  const known = cursors.get(bytes);
  const cursor = known ?? new DwarfCursor(bytes, source);
  if (known === undefined) cursors.set(bytes, cursor);
  cursor.offset = offset;
  return cursor;
}

const cursors = new WeakMap<Uint8Array, DwarfCursor>();
