// Lays out the memory of one hypercall: a structure, then the buffers that Xen fills, then those that
// it only reads; and records the pointers between them.

import { invariant } from "../invariant.ts";
import type { Hypercall } from "./transport.ts";

const ALIGNMENT = 8;

export class ArenaBuilder {
  readonly #structure: DataView;
  readonly #pointers: { readonly at: number; readonly target: number }[] = [];
  readonly #inputs: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  #outputLength: number;
  #length: number;

  /** @param structureSize bytes of the structure at the start, initially zero */
  constructor(structureSize: number) {
    this.#structure = new DataView(new ArrayBuffer(structureSize));
    this.#outputLength = structureSize;
    this.#length = structureSize;
  }

  u8(at: number, value: number): this {
    this.#structure.setUint8(at, value);
    return this;
  }

  u16(at: number, value: number): this {
    this.#structure.setUint16(at, value, true);
    return this;
  }

  u32(at: number, value: number): this {
    this.#structure.setUint32(at, value, true);
    return this;
  }

  u64(at: number, value: bigint): this {
    this.#structure.setBigUint64(at, value, true);
    return this;
  }

  /** A buffer that Xen fills; its address is written at `at`. Returns its offset in the answer. */
  output(at: number, size: number): number {
    invariant(this.#inputs.length === 0, "outputs come before inputs in an arena");
    const offset = this.#place(at, size);
    this.#outputLength = this.#length;
    return offset;
  }

  /** A buffer that Xen reads; its address is written at `at`. */
  input(at: number, bytes: Uint8Array): this {
    this.#inputs.push({ offset: this.#place(at, bytes.length), bytes });
    return this;
  }

  build(op: number, args: Hypercall["args"]): Hypercall {
    const arena = new Uint8Array(this.#length);
    arena.set(new Uint8Array(this.#structure.buffer));
    for (const { offset, bytes } of this.#inputs) arena.set(bytes, offset);
    return { op, args, arena, pointers: this.#pointers, outputLength: this.#outputLength };
  }

  #place(at: number, size: number): number {
    const offset = Math.ceil(this.#length / ALIGNMENT) * ALIGNMENT;
    this.#pointers.push({ at, target: offset });
    this.#length = offset + size;
    return offset;
  }
}

/** The contents of an arena after the call, by offset. */
export class ArenaReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(at, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  i32(at: number): number {
    return this.#view.getInt32(at, true);
  }

  bytes(at: number, length: number): Uint8Array {
    return this.#bytes.subarray(at, at + length);
  }

  /** Text up to the first NUL, or all of `length` bytes. */
  text(at: number, length: number): string {
    const bytes = this.bytes(at, length);
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString();
  }
}
