// A buffer that grows as it is written; the counterpart of ByteReader, little-endian as well.

import { invariant } from "../invariant.ts";

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(Math.max(capacity, 16));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Number of bytes written so far, and so the offset of the next one. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, checked(value, 8));
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, checked(value, 16), true);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, checked(value, 32), true);
    return this;
  }

  i32(value: number): this {
    invariant(Number.isInteger(value) && value === (value | 0), `${value} does not fit an i32`);
    const at = this.#room(4);
    this.#view.setInt32(at, value, true);
    return this;
  }

  u64(value: bigint): this {
    invariant(0n <= value && value < 1n << 64n, `${value} does not fit a u64`);
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  i64(value: bigint): this {
    invariant(BigInt.asIntN(64, value) === value, `${value} does not fit an i64`);
    const at = this.#room(8);
    this.#view.setBigInt64(at, value, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  zeros(count: number): this {
    this.#room(count);
    return this;
  }

  /** Writes zeros up to the next multiple of `alignment`, a power of two. */
  align(alignment: number): this {
    invariant(alignment > 0 && (alignment & (alignment - 1)) === 0, `alignment ${alignment}`);
    return this.zeros((alignment - (this.#length % alignment)) % alignment);
  }

  /** A copy of what was written; later writes do not change it. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Makes room first, because growing replaces the view used for writing. */
  #room(count: number): number {
    const start = this.#length;
    const end = start + count;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = end;
    return start;
  }
}

function checked(value: number, bits: number): number {
  const fits = Number.isInteger(value) && value >= 0 && value < 2 ** bits;
  invariant(fits, `${value} does not fit a u${bits}`);
  return value;
}
