import assert from "node:assert/strict";
import { test } from "node:test";
import { readExtraVersion, readRelease, type VersionedImage } from "./read-release.ts";

const TEXT_AT = 0x1000n;
const ENDBR64 = "f30f1efa";
const FRAME = "554889e5";

/** Functions that return 4, 17 and a text, with this code in front of each. */
function image(text: string, front = ""): VersionedImage {
  const extraAt = 0x300n;
  // lea disp32(%rip), %rax
  const next = Number(extraAt) + front.length / 2 + 7;
  const displacement = Buffer.alloc(4);
  displacement.writeInt32LE(Number(TEXT_AT) - next);
  const code: Readonly<Record<string, string>> = {
    xen_major_version: `${front}b804000000c3`,
    xen_minor_version: `${front}b811000000c3`,
    xen_extra_version: `${front}488d05${displacement.toString("hex")}c3`,
  };
  const memory = Buffer.alloc(0x2000);
  const places = Object.keys(code).map(
    (name, index) => [name, BigInt(index + 1) * 0x100n] as const,
  );
  for (const [name, at] of places) memory.write(code[name] ?? "", Number(at), "hex");
  memory.write(text, Number(TEXT_AT), "latin1");
  return {
    architecture: "x86_64",
    addressOf: (name) => places.find(([known]) => known === name)?.[1],
    bytesAt: (address, length) => memory.subarray(Number(address), Number(address) + length),
  };
}

test("readRelease() reads it with and without ENDBR64 and a frame pointer", () => {
  for (const front of ["", ENDBR64, FRAME, `${ENDBR64}${FRAME}`, "55"]) {
    assert.deepEqual(readRelease(image(".5", front)), { major: 4, minor: 17, point: 5 }, front);
  }
});

test("readExtraVersion() has all of a vendor's text", () => {
  assert.equal(
    readExtraVersion(image(".6-2.1.xcpng8.3-longer-than-16")),
    ".6-2.1.xcpng8.3-longer-than-16",
  );
});

test("readExtraVersion() is undefined where the function does more than return a text", () => {
  assert.equal(readExtraVersion(image(".5", "90")), undefined);
});
