import assert from "node:assert/strict";
import { test } from "node:test";
import { Machine, SectionFlag, SectionType } from "./constants.ts";
import type { DraftSection, DraftSymbol } from "./draft.ts";
import { ElfError } from "./errors.ts";
import type { ElfObject, Section } from "./object.ts";
import { readElf } from "./read.ts";
import { relocationsOf } from "./relocations.ts";
import { writeElf } from "./write.ts";

const symbol: DraftSymbol = {
  name: "target",
  value: 0n,
  size: 0n,
  binding: "STB_GLOBAL",
  type: "STT_NOTYPE",
  visibility: "STV_DEFAULT",
  place: "undefined",
};

/** Each section with one relocation, at an offset that tells which one it is. */
function objectWith(count: number): ElfObject {
  const sections = Array.from(
    { length: count },
    (_, index): DraftSection => ({
      name: `.text.f${index}`,
      type: "SHT_PROGBITS",
      flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR,
      alignment: 1,
      entrySize: 0,
      content: new Uint8Array(count + 8),
      relocations: [{ offset: index, type: 1, symbol, addend: 0n }],
    }),
  );
  const draft = { machine: Machine.EM_X86_64, osAbi: 0, flags: 0, sections, symbols: [symbol] };
  return readElf(writeElf(draft), "many.o");
}

function codeOf({ sections }: ElfObject): readonly Section[] {
  return sections.filter(({ name }) => name.startsWith(".text."));
}

test("relocationsOf() looks at the section headers once, not for each section", () => {
  const object = objectWith(200);
  let looks = 0;
  const sections = new Proxy([...object.sections], {
    get: (target, key, receiver) => {
      if (typeof key === "string" && /^\d+$/.test(key)) looks++;
      return Reflect.get(target, key, receiver);
    },
  });
  const watched = Object.create(object, { sections: { value: sections } }) as ElfObject;
  const offsets = codeOf(object).flatMap((section) =>
    relocationsOf(watched, section).map(({ offset }) => offset),
  );
  assert.deepEqual(
    offsets,
    Array.from({ length: 200 }, (_, index) => index),
  );
  assert.ok(looks < 4 * sections.length, `${looks} looks at ${sections.length} headers`);
});

/** The same file with another field in the header of its first relocation section. */
function damaged(field: number, value: number): ElfObject {
  const object = objectWith(2);
  const table = object.sections.find(({ type }) => type === "SHT_RELA");
  assert.ok(table);
  const bytes = object.bytes.slice();
  const view = new DataView(bytes.buffer);
  const headers = Number(view.getBigUint64(40, true));
  view.setUint32(headers + 64 * table.index + field, value, true);
  return readElf(bytes, "damaged.o");
}

const [SH_TYPE, SH_INFO] = [4, 44];

for (const [what, field, value, problem] of [
  ["of type SHT_REL", SH_TYPE, SectionType.SHT_REL, /it is of type SHT_REL$/m],
  ["about no section", SH_INFO, 0, /sh_info is 0$/m],
  ["about a section that does not exist", SH_INFO, 99, /sh_info is 99$/m],
] as const) {
  test(`relocationsOf() refuses a file with relocations ${what}, whichever section is asked for`, () => {
    const object = damaged(field, value);
    for (const section of codeOf(object)) {
      assert.throws(
        () => relocationsOf(object, section),
        (error) => error instanceof ElfError && problem.test(error.message),
      );
    }
    assert.equal(object.relocationTables.unreadable.length, 1);
  });
}
