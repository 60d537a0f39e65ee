import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  nameOfSectionType,
  nameOfSymbolBinding,
  nameOfSymbolType,
  nameOfSymbolVisibility,
  numberOfSectionType,
  numberOfSymbolBinding,
  numberOfSymbolType,
  numberOfSymbolVisibility,
} from "./names.ts";
import { readElf } from "./read.ts";
import { writeElf } from "./write.ts";

test("nameOfSectionType() has a name for every number, and numberOfSectionType() its number", () => {
  assert.equal(nameOfSectionType(4), "SHT_RELA");
  assert.equal(nameOfSectionType(0x6fff1234), "SHT_0x6fff1234");
  for (const number of [0, 4, 10, 19, 0x6fff4c03, 0x6fff1234, 0xffffffff]) {
    assert.equal(numberOfSectionType(nameOfSectionType(number)), number);
  }
});

test("nameOfSymbolBinding() and nameOfSymbolType() have names for all that four bits can say", () => {
  assert.equal(nameOfSymbolBinding(2), "STB_WEAK");
  assert.equal(nameOfSymbolBinding(13), "STB_0xd");
  assert.equal(nameOfSymbolType(2), "STT_FUNC");
  assert.equal(nameOfSymbolType(13), "STT_0xd");
  for (let number = 0; number < 16; number++) {
    assert.equal(numberOfSymbolBinding(nameOfSymbolBinding(number)), number);
    assert.equal(numberOfSymbolType(nameOfSymbolType(number)), number);
  }
});

test("nameOfSymbolVisibility() knows two bits", () => {
  for (let number = 0; number < 4; number++) {
    const name = nameOfSymbolVisibility(number);
    assert.ok(name);
    assert.equal(numberOfSymbolVisibility(name), number);
  }
  assert.equal(nameOfSymbolVisibility(4), undefined);
});

test("Section and ElfSymbol say by name what they are when they are printed", () => {
  const draft = { machine: 62, osAbi: 0, flags: 0, sections: [], symbols: [] };
  const { sections, symbols } = readElf(writeElf(draft), "empty.o");
  assert.match(inspect(sections.at(1)), /type: 'SHT_SYMTAB'/);
  assert.match(inspect(symbols.at(0)), /binding: 'STB_LOCAL',\s+type: 'STT_NOTYPE',/);
});
