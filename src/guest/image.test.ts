import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { GuestError } from "./errors.ts";
import { elfImage, flatImage } from "./image.ts";

interface Made {
  readonly entry?: number;
  readonly address?: number;
  readonly type?: number;
}

/** One segment of 4 bytes of file and 16 of memory, in either class. */
function elf(bits: 32 | 64, { entry = 0x8000, address = 0x8000, type = 1 }: Made = {}): Uint8Array {
  const out = new ByteWriter();
  const word = (value: number): void =>
    void (bits === 64 ? out.u64(BigInt(value)) : out.u32(value));
  const headerSize = bits === 64 ? 64 : 52;
  const entrySize = bits === 64 ? 56 : 32;
  out
    .bytes(Buffer.from("\u007fELF", "latin1"))
    .u8(bits === 64 ? 2 : 1)
    .zeros(19);
  word(entry);
  word(headerSize);
  word(0);
  out.u32(0).u16(headerSize).u16(entrySize).u16(1).zeros(6);
  out.u32(type);
  if (bits === 64) out.u32(5);
  word(headerSize + entrySize);
  word(0);
  word(address);
  word(4);
  word(16);
  if (bits === 32) out.u32(5);
  word(0);
  return out.bytes(Uint8Array.of(0xfa, 0xf4, 0x90, 0x90)).toBytes();
}

for (const bits of [32, 64] as const) {
  test(`elfImage() takes the segments of an ELF file of ${bits} bits`, () => {
    const { entry, pieces, end } = elfImage(elf(bits), "guest.elf");
    assert.equal(entry, 0x8000);
    assert.deepEqual(pieces, [{ address: 0x8000, bytes: Uint8Array.of(0xfa, 0xf4, 0x90, 0x90) }]);
    assert.equal(end, 0x8010);
  });

  test(`elfImage() refuses ${bits}-bit files that cannot run, and ones that are cut off`, () => {
    for (const made of [
      { address: 0x1000 },
      { entry: 0x9000 },
      { type: 6 },
      { address: 0x7000_0000 },
    ]) {
      assert.throws(() => elfImage(elf(bits, made), "guest.elf"), GuestError);
    }
    const whole = elf(bits);
    for (let length = 5; length < whole.length; length++) {
      assert.throws(() => elfImage(whole.subarray(0, length), "guest.elf"), /Cannot/);
    }
  });
}

test("flatImage() begins where the mailbox ends, and refuses an empty file", () => {
  assert.equal(flatImage(Uint8Array.of(0xf4), "guest.bin").entry, 0x4000);
  assert.throws(() => flatImage(new Uint8Array(), "guest.bin"), /empty/);
});
