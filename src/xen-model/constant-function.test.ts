import assert from "node:assert/strict";
import { test } from "node:test";
import { constantResult, constantText } from "./constant-function.ts";
import type { ReadBytes } from "./read-bytes.ts";

const ADDRESS = 0xa0000200010n;
const RET = 0xd65f03c0;

/** Words at ADDRESS, and a text behind the next page's start. */
function memory(...words: readonly number[]): ReadBytes {
  const bytes = new Uint8Array(0x2000);
  bytes.set(new Uint8Array(Uint32Array.from(words).buffer), 0x10);
  bytes.set(Buffer.from(".5\0"), 0x1008);
  return (address, length) => {
    const offset = Number(address - (ADDRESS - 0x10n));
    const read = bytes.subarray(offset, offset + length);
    return offset < 0 || read.length < length ? undefined : read;
  };
}

const results: Readonly<Record<string, readonly [words: readonly number[], result: bigint]>> = {
  "mov w0, #4": [[0x52800080, RET], 4n],
  "mov w0, wzr": [[0x2a1f03e0, RET], 0n],
  "mov w0, #-22": [[0x128002a0, RET], 0xffffffean],
  "a landing mark before it": [[0xd503245f, 0x52800220, RET], 17n],
  "a jump to it": [[0x14000002, RET, 0x52800220, RET], 17n],
  "adrp and add": [[0xb0000000, 0x91002000, RET], 0xa0000201008n],
  "adr, as a linker puts it": [[0x10007fc0, RET], 0xa0000201008n],
};
for (const [form, [words, result]] of Object.entries(results)) {
  test(`constantResult() reads of AArch64 ${form}`, () => {
    assert.equal(constantResult(memory(...words), ADDRESS, "aarch64"), result);
  });
}

test("constantText() reads the text that a function of AArch64 returns", () => {
  const read = memory(0xb0000000, 0x91002000, RET);
  assert.equal(constantText(read, ADDRESS, "aarch64"), ".5");
});

const unknown: Readonly<Record<string, readonly number[]>> = {
  "a return alone": [RET],
  "a low half without its page": [0x91002000, RET],
  "a load": [0xb0000000, 0xf9400400, RET],
  "an endless loop": [0x14000000],
};
for (const [form, words] of Object.entries(unknown)) {
  test(`constantResult() knows nothing of ${form}`, () => {
    assert.equal(constantResult(memory(...words), ADDRESS, "aarch64"), undefined);
  });
}
