import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { encodeNote } from "../../elf/notes.ts";
import { LabError } from "../errors.ts";
import { readHypervisorImage, requireSymbolsOf } from "./hypervisor-image.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-image-"));
after(() => rmSync(world, { recursive: true, force: true }));

/** An ELF32 for i386 with a multiboot header and a build-id, as mkelf32 makes it. */
function image(id = "a1".repeat(20)): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.write("7f454c46010101", 0, "hex");
  bytes.writeUInt16LE(3, 18);
  bytes.writeUInt32LE(0x1badb002, 256);
  bytes.writeUInt32LE(3, 260);
  bytes.writeUInt32LE(0x100000000 - 0x1badb005, 264);
  const descriptor = Buffer.from(id, "hex");
  bytes.set(encodeNote({ owner: "GNU", type: 3, descriptor }), 1024);
  return bytes;
}

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = image();
  change(bytes);
  return bytes;
}

function put(name: string, bytes: Uint8Array | string): string {
  const path = join(world, name);
  writeFileSync(path, bytes);
  return path;
}

test("readHypervisorImage() takes what a boot loader takes, compressed or not", () => {
  assert.deepEqual(Buffer.from(readHypervisorImage(put("xen", image()), "x86_64")), image());
  const packed = put("xen.gz", gzipSync(image()));
  assert.deepEqual(Buffer.from(readHypervisorImage(packed, "x86_64")), image());
});

/** An EFI program with the header of an Image of arm64. */
function armImage(): Buffer {
  return changed((bytes) => {
    bytes.write("4d5a", 0, "hex");
    bytes.write("41524d64", 56, "hex");
  });
}

test("readHypervisorImage() takes an Image of arm64 for a lab of arm64 alone", () => {
  const path = put("xen-arm64", gzipSync(armImage()));
  assert.deepEqual(Buffer.from(readHypervisorImage(path, "arm64")), armImage());
  assert.throws(() => readHypervisorImage(path, "x86_64"), /it is for AArch64.*--arch arm64/s);
  const other = put("xen-x86", image());
  assert.throws(() => readHypervisorImage(other, "arm64"), /it is for x86-64.*Xen for arm64/s);
});

const refused: Readonly<Record<string, readonly [bytes: Uint8Array | string, says: RegExp]>> = {
  "a gzip that is cut short": [gzipSync(image()).subarray(0, 60), /its gzip is cut short/],
  "a gzip that is damaged": [
    Buffer.concat([gzipSync(image()).subarray(0, -8), Buffer.alloc(8, 7)]),
    /its gzip is damaged/,
  ],
  "an empty file": ["", /it is empty/],
  "a text": ["no hypervisor", /it is no hypervisor/],
  "a xen-syms": [changed((bytes) => bytes.writeUInt8(2, 4)), /xen-syms.*go to --xen-syms/s],
  "a program of another machine": [
    changed((bytes) => bytes.writeUInt16LE(40, 18)),
    /it is for ELF machine 40/,
  ],
  "a Xen for AArch64": [armImage(), /it is for AArch64/],
  "an EFI program": [changed((bytes) => bytes.write("4d5a", 0, "hex")), /it is an EFI program/],
  "another compression": [Buffer.from("fd377a585a0000", "hex"), /it is compressed by xz/],
  "a program without the header": [changed((bytes) => bytes.fill(0, 256, 260)), /no hypervisor/],
  "a header with a wrong sum": [changed((bytes) => bytes.writeUInt8(9, 260)), /no hypervisor/],
};
for (const [what, [bytes, says]] of Object.entries(refused)) {
  test(`readHypervisorImage() says what is wrong with ${what}`, () => {
    const path = put(what, bytes);
    assert.throws(
      () => readHypervisorImage(path, "x86_64"),
      (error: unknown) => {
        assert.ok(error instanceof LabError);
        assert.equal(error.report.code, "lab/bad-image");
        assert.match(error.message, says);
        return true;
      },
    );
  });
}

test("readHypervisorImage() says what is wrong with a directory", () => {
  assert.throws(() => readHypervisorImage(world, "x86_64"), /Cannot boot .*: it is a directory/);
});

function symbolsWith(id: string): string {
  const path = join(world, `syms-${id.slice(0, 4)}`);
  const flags = ["-nostdlib", "-static", "-Wl,-e,0", `-Wl,--build-id=0x${id}`];
  execFileSync("gcc", ["-x", "c", ...flags, "-o", path, "-"], { input: "int one;", stdio: "pipe" });
  return path;
}

test("requireSymbolsOf() names both build-ids of symbols that are of another build", () => {
  requireSymbolsOf(image(), "xen", symbolsWith("a1".repeat(20)));
  const other = symbolsWith("b2".repeat(20));
  assert.throws(() => requireSymbolsOf(image(), "xen", other), /have b2b2.*expected: +a1a1/s);
  const text = put("none", "text");
  assert.throws(() => requireSymbolsOf(image(), "xen", text), /Cannot read "[^"]*none" as ELF/);
});
