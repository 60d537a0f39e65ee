import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { toHex } from "../bytes/hex.ts";
import { Machine, SectionFlag } from "./constants.ts";
import type { DraftSection } from "./draft.ts";
import { FixtureFolder, PROGRAM, readelf } from "./fixtures.test.support.ts";
import { type ElfNote, encodeNote, findBuildId, notesOf } from "./notes.ts";
import type { ElfObject } from "./object.ts";
import { readElf } from "./read.ts";
import { requireSection } from "./sections.ts";
import { writeElf } from "./write.ts";

const folder = new FixtureFolder();
after(() => folder[Symbol.dispose]());

function objectWithNotes(content: Uint8Array): ElfObject {
  const note: DraftSection = {
    name: ".note.test",
    type: "SHT_NOTE",
    flags: SectionFlag.SHF_ALLOC,
    alignment: 4,
    entrySize: 0,
    content,
    relocations: [],
  };
  const machine = Machine.EM_X86_64;
  const bytes = writeElf({ machine, osAbi: 0, flags: 0, sections: [note], symbols: [] });
  return readElf(bytes, "notes.o");
}

function notesIn(content: Uint8Array): readonly ElfNote[] {
  const object = objectWithNotes(content);
  return notesOf(object, requireSection(object, ".note.test"));
}

test("notesOf() is the inverse of encodeNote()", () => {
  const note = fc.record(
    {
      owner: fc.stringMatching(/^[A-Za-z]{0,9}$/),
      type: fc.nat(),
      descriptor: fc.uint8Array({ maxLength: 40 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(note), (notes) => {
      assert.deepEqual(notesIn(Buffer.concat(notes.map(encodeNote))), notes);
    }),
  );
});

test("notesOf() refuses notes that reach behind the end or have no closed name", () => {
  const whole = encodeNote({ owner: "GNU", type: 3, descriptor: new Uint8Array(20) });
  assert.throws(() => notesIn(whole.subarray(0, 10)), /the section ends in its header/);
  assert.throws(() => notesIn(whole.subarray(0, 32)), /4 bytes of name and 20 of descriptor/);
  assert.throws(() => notesIn(whole.fill(65, 12, 16)), /no NUL ends its owner's name/);
});

test("findBuildId() finds what readelf calls the Build ID, beside other notes", () => {
  const args = ["-O2", "-nostdlib", "-static", "-Wl,--build-id=sha1", "-Wl,-e,main"];
  const { path, bytes } = folder.compile("gcc", [...args, "-fcf-protection"], PROGRAM, "noted");
  const line = readelf(["-nW"], path).find((text) => text.includes("Build ID:"));
  const found = findBuildId(readElf(bytes, "noted"));
  assert.ok(found);
  assert.equal(toHex(found), line?.split("Build ID: ")[1]);
});

test("findBuildId() gives undefined for a file without one", () => {
  assert.equal(findBuildId(objectWithNotes(new Uint8Array())), undefined);
});
