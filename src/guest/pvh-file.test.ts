import assert from "node:assert/strict";
import { test } from "node:test";
import { elfImage, flatImage } from "./image.ts";
import { pvhFile } from "./pvh-file.ts";

test("pvhFile() makes an ELF file with the same program", () => {
  const image = flatImage(Uint8Array.of(0xfa, 0xf4), "halt");
  const { pieces, ...rest } = elfImage(pvhFile(image), "halt");
  const copied = pieces.map(({ address, bytes }) => ({ address, bytes: Uint8Array.from(bytes) }));
  assert.deepEqual({ ...rest, pieces: copied }, image);
});

test("pvhFile() says in a note of Xen's where the processor begins", () => {
  const file = Buffer.from(pvhFile(flatImage(Uint8Array.of(0xf4), "halt")));
  const at = file.indexOf("Xen\0");
  assert.equal(file.readUInt32LE(at - 4), 18);
  assert.equal(file.readUInt32LE(at + 4), 0x4000);
});
