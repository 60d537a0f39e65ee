import assert from "node:assert/strict";
import { test } from "node:test";
import { type ElfObject, sectionIndex, symbolIndex } from "./object.ts";
import { readElf } from "./read.ts";
import { writeElf } from "./write.ts";

function emptyObject(): ElfObject {
  const draft = { machine: 62, osAbi: 0, flags: 0, sections: [], symbols: [] };
  return readElf(writeElf(draft), "empty.o");
}

test("SectionList and SymbolList do not compile with each other's index, or with a bare number", () => {
  const { sections, symbols } = emptyObject();
  assert.equal(sections[sectionIndex(0)], sections.at(0));
  assert.equal(symbols[symbolIndex(0)], symbols.at(0));
  // Each of these lines is an error of tsc as soon as the compiler takes it.
  // @ts-expect-error
  assert.ok(sections[symbolIndex(0)]);
  // @ts-expect-error
  assert.ok(symbols[sectionIndex(0)]);
  // @ts-expect-error
  assert.ok(sections[0]);
  // @ts-expect-error
  assert.ok(symbols[0]);
});
