// A string table under construction: equal names share one entry, in the order of their first use.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { invariant } from "../invariant.ts";

export class StringTable {
  readonly #writer = new ByteWriter();
  readonly #offsets = new Map<string, number>([["", 0]]);

  constructor() {
    // gABI: index 0 is the empty name.
    this.#writer.u8(0);
  }

  /** The offset of `name`, which is added if it is new. */
  add(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    invariant(!name.includes("\0"), `the name ${JSON.stringify(name)} contains a NUL`);
    const offset = this.#writer.length;
    this.#writer.bytes(Buffer.from(name, "utf8")).u8(0);
    this.#offsets.set(name, offset);
    return offset;
  }

  toBytes(): Uint8Array {
    return this.#writer.toBytes();
  }
}
