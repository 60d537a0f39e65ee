// Files that were cut or spoilt: everything that can be read of them is read or refused.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { XspliceError } from "../error.ts";
import { ElfType } from "./constants.ts";
import { draftFrom } from "./draft-from.ts";
import { FixtureFolder, smallFixtures } from "./fixtures.test.support.ts";
import { findBuildId, notesOf } from "./notes.ts";
import type { ElfObject } from "./object.ts";
import { openElf } from "./open.ts";
import { relocationsOf } from "./relocations.ts";
import { bytesAtAddress, contentsOf } from "./sections.ts";
import { findSymbol, localSymbolsWithFiles } from "./symbols.ts";
import { writeElf } from "./write.ts";

/** Larger ones are attacked by a sample. */
const EVERY_BYTE_MAX = 64 * 1024;

const folder = new FixtureFolder();
after(() => folder[Symbol.dispose]());
const fixtures = smallFixtures(folder);

/** Each thing that the reading side offers, so that one refusal does not hide the others. */
const questions: readonly ((object: ElfObject) => unknown)[] = [
  (object) => object.symbols.length,
  (object) => findSymbol(object, "main"),
  (object) => localSymbolsWithFiles(object),
  (object) => findBuildId(object),
  (object) => bytesAtAddress(object, 0x401000n, 16),
  (object) => writeElf(draftFrom(object)),
  (object) => {
    for (const section of object.sections) {
      assert.ok(contentsOf(object, section).length <= object.bytes.length);
      if (section.type === "SHT_NOTE") notesOf(object, section);
      if (object.header.type === ElfType.ET_REL) relocationsOf(object, section);
    }
  },
];

function expectReadOrRefused(bytes: Uint8Array, what: () => string): void {
  const object = orRefused(() => openElf(bytes, "spoilt"), what);
  if (object === undefined) return;
  for (const ask of questions) orRefused(() => ask(object), what);
}

function orRefused<Answer>(ask: () => Answer, what: () => string): Answer | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof XspliceError) return undefined;
    throw new Error(`${what()} is neither read nor refused`, { cause: error });
  }
}

for (const { name, bytes } of fixtures) {
  assert.ok(bytes.length <= EVERY_BYTE_MAX, `${name} has ${bytes.length} bytes`);

  test(`readElf() and its neighbours read or refuse every truncation of ${name}`, () => {
    for (let end = 0; end < bytes.length; end++) {
      expectReadOrRefused(bytes.subarray(0, end), () => `${name}[0..${end}]`);
    }
  });

  test(`readElf() and its neighbours read or refuse every byte flip of ${name}`, () => {
    for (let index = 0; index < bytes.length; index++) {
      const spoilt = bytes.slice();
      spoilt[index] = ~(bytes[index] ?? 0);
      expectReadOrRefused(spoilt, () => `${name} with byte ${index} flipped`);
    }
  });
}

test("readElf() and its neighbours read or refuse a large file with several bytes spoilt", () => {
  const functions = Array.from({ length: 400 }, (_, index) => `int f${index}(int x){return x;}`);
  const args = ["-O2", "-g", "-ffunction-sections", "-c"];
  const { bytes } = folder.compile("gcc", args, functions.join("\n"), "large.o");
  assert.ok(bytes.length > EVERY_BYTE_MAX);
  const tail = bytes.length - 3000 * 64;
  const place = fc.oneof(fc.nat(63), fc.nat(bytes.length - 1), fc.integer({ min: tail }));
  const change = fc.tuple(place, fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const spoilt = bytes.slice();
      for (const [index, value] of changes) spoilt[index % bytes.length] = value;
      expectReadOrRefused(spoilt, () => "large.o");
    }),
    { numRuns: 60 },
  );
});
