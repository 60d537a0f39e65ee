import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { hexNumber } from "../bytes/hex.ts";
import { XspliceError } from "../error.ts";
import { nameOfMachine, namesOfSectionFlags } from "./constants.ts";
import { FixtureFolder, readelf, smallFixtures } from "./fixtures.test.support.ts";
import type { ElfObject, ElfSymbol, Relocation, Section } from "./object.ts";
import { inflate, openElf } from "./open.ts";
import { readElf } from "./read.ts";
import { relocationsOf } from "./relocations.ts";
import { bytesAtAddress, contentsOf, findSection, requireSection } from "./sections.ts";
import { findSymbol, localSymbolsWithFiles, requireSymbol, symbolsNamed } from "./symbols.ts";

const folder = new FixtureFolder();
after(() => folder[Symbol.dispose]());
const fixtures = smallFixtures(folder);

function fixtureNamed(name: string): Uint8Array {
  const found = fixtures.find((fixture) => fixture.name === name);
  assert.ok(found, name);
  return found.bytes;
}

/** A section as `readelf -SW` prints it, without the flags, whose letters are readelf's own. */
function sectionLine(section: Section): string {
  const { index, name, type, address, offset, size, link, info, alignment } = section;
  const numbers = [
    address.toString(16).padStart(16, "0"),
    offset.toString(16).padStart(6, "0"),
    size.toString(16).padStart(6, "0"),
    section.entrySize.toString(16).padStart(2, "0"),
    link,
    info,
    alignment,
  ];
  const typeName = type.replace(/^SHT_(GNU_)?/, "");
  return [`[${index}]`, name, typeName, ...numbers].join(" ").replaceAll("  ", " ");
}

function sectionLinesOfReadelf(path: string): string[] {
  return readelf(["-SW"], path).flatMap((line) => {
    const fields =
      /^ {2}\[ *(\d+)\] (.*?) +(\S+) +([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) [A-Za-z ]{4}? *(\d+) +(\d+) +(\d+)$/.exec(
        line,
      );
    if (fields === null) return [];
    const [, index, name, type, ...rest] = fields;
    const typeName = type?.replace("LOOS+0xfff4c03", "LLVM_ADDRSIG").replace(/^GNU_/, "");
    return [[`[${index}]`, name?.trim(), typeName, ...rest].join(" ").replaceAll("  ", " ")];
  });
}

function symbolLine(object: ElfObject, symbol: ElfSymbol): string {
  const places = { undefined: "UND", absolute: "ABS", common: "COM" } as const;
  const { place } = symbol;
  const section = place.kind === "section" ? String(place.index) : places[place.kind];
  // readelf names section symbols after their section.
  const isNameless =
    symbol.name === "" && symbol.type === "STT_SECTION" && place.kind === "section";
  const name = isNameless ? (object.sections[place.index]?.name ?? "") : symbol.name;
  return [
    symbol.index,
    symbol.value.toString(16).padStart(16, "0"),
    symbol.size,
    symbol.type.slice(4),
    symbol.binding.slice(4),
    symbol.visibility.slice(4),
    section,
    name,
  ]
    .join(" ")
    .trim();
}

function symbolLinesOfReadelf(path: string): string[] {
  const lines = readelf(["-sW"], path);
  const start = lines.findIndex((line) => line.startsWith("Symbol table '.symtab'"));
  return lines
    .slice(start + 2)
    .filter((line) => /^ +\d+:/.test(line))
    .map((line) => line.trim().replace(/:? +/g, " "));
}

for (const { name, path, bytes } of fixtures) {
  test(`readElf() sees the sections of ${name} as readelf does`, () => {
    const object = readElf(bytes, name);
    assert.deepEqual(object.sections.map(sectionLine), sectionLinesOfReadelf(path));
  });

  test(`readElf() sees the symbols of ${name} as readelf does`, () => {
    const object = readElf(bytes, name);
    const seen = object.symbols.map((symbol) => symbolLine(object, symbol));
    assert.deepEqual(seen, symbolLinesOfReadelf(path));
  });

  test(`findSymbol() finds in ${name} what the whole symbol table says`, () => {
    const object = readElf(bytes, name);
    for (const symbol of object.symbols) {
      if (symbol.name === "") continue;
      const same = object.symbols.filter((other) => other.name === symbol.name);
      assert.deepEqual(symbolsNamed(object, symbol.name), same);
    }
    assert.equal(findSymbol(object, "main")?.name, "main");
    assert.equal(findSymbol(object, "ain"), undefined);
    assert.equal(findSymbol(object, ""), undefined);
  });
}

for (const { name, path, bytes } of fixtures.filter((fixture) => fixture.name.endsWith(".o"))) {
  test(`relocationsOf() sees the relocations of ${name} as readelf does`, () => {
    const object = readElf(bytes, name);
    const line = (relocation: Relocation): string =>
      [
        relocation.offset.toString(16).padStart(16, "0"),
        ((BigInt(relocation.symbol) << 32n) | BigInt(relocation.type))
          .toString(16)
          .padStart(16, "0"),
      ].join(" ");
    const seen = object.sections.flatMap((section) => relocationsOf(object, section).map(line));
    const expected = readelf(["-rW"], path)
      .filter((text) => /^[0-9a-f]{16} /.test(text))
      .map((text) => text.split(/ +/).slice(0, 2).join(" "));
    assert.ok(expected.length > 10);
    assert.deepEqual(seen.sort(), expected.sort());
  });
}

test("localSymbolsWithFiles() gives each local symbol the file that it comes from", () => {
  const object = readElf(fixtureNamed("gcc.o"), "gcc.o");
  const files = new Map(
    localSymbolsWithFiles(object).map(({ symbol, file }) => [symbol.name, file]),
  );
  assert.equal(files.get("fibonacci"), "gcc.o.source.c");
  assert.equal(files.has("main"), false);
});

test("bytesAtAddress() gives what the executable has there when it is loaded", () => {
  const object = readElf(fixtureNamed("gcc-static"), "gcc-static");
  const symbol = requireSymbol(object, "shared");
  const bytes = bytesAtAddress(object, symbol.value, Number(symbol.size));
  assert.deepEqual([...bytes], [1, 0, 0, 0, 2, ...Array<number>(11).fill(0)]);
  const bss = requireSymbol(object, "tentative");
  assert.throws(() => bytesAtAddress(object, bss.value, 4), {
    message: new RegExp(
      `Cannot read 4 bytes at address ${hexNumber(bss.value)}: "\\.bss" has none`,
    ),
  });
  assert.throws(() => bytesAtAddress(object, 1n, 1), /no section spans them/);
});

test("requireSection() and requireSymbol() say what is missing", () => {
  const object = readElf(fixtureNamed("gcc.o"), "gcc.o");
  assert.throws(() => requireSection(object, ".livepatch.funcs"), { name: "ElfError" });
  assert.throws(() => requireSymbol(object, "absent"), /Cannot find symbol "absent"/);
  assert.equal(findSection(object, ".livepatch.funcs"), undefined);
});

test("contentsOf() gives sections without contents no bytes, whatever their size", () => {
  const object = readElf(fixtureNamed("gcc.o"), "gcc.o");
  const section = requireSection(object, ".bss.counter");
  assert.equal(section.size, 4);
  assert.equal(contentsOf(object, section).length, 0);
});

test("openElf() opens gzip as it opens plain files", () => {
  const bytes = fixtureNamed("gcc.o");
  assert.deepEqual(openElf(gzipSync(bytes), "gcc.o.gz").sections, readElf(bytes, "gcc.o").sections);
  assert.throws(() => inflate(gzipSync(bytes).subarray(0, 500), "gcc.o.gz"), /it is cut short/);
  const damaged = gzipSync(bytes).fill(0xff, 100, 200);
  assert.throws(() => inflate(damaged, "gcc.o.gz"), /it is damaged/);
});

test("readElf() reads files with more sections than the header can count", () => {
  const source = `
.altmacro
.macro numbered number
.section .data.\\number, "a"
.byte 1
.endm
.set count, 0
.rept 0xff00
numbered %count
.set count, count + 1
.endr
.globl last
last:
`;
  const args = ["-x", "assembler", "-c"];
  const object = readElf(folder.compile("gcc", args, source, "many.o").bytes, "many.o");
  assert.ok(object.sections.length > 0xff00);
  const { place } = requireSymbol(object, "last");
  assert.equal(place.kind, "section");
  assert.equal(object.sections[place.index]?.name, ".data.65279");
});

function refusalOf(bytes: Uint8Array): string {
  try {
    void readElf(bytes, "fix.o").symbols;
  } catch (error) {
    assert.ok(error instanceof XspliceError);
    return error.message;
  }
  return assert.fail("not refused");
}

test("readElf() says what is wrong, where, and what was expected", () => {
  assert.equal(
    refusalOf(new Uint8Array()),
    'Cannot read "fix.o" as ELF: it is empty\n' +
      "  where:    fix.o, offset 0x0\n" +
      "  expected: 7f 45 4c 46, an ELF file",
  );
  const whole = fixtureNamed("gcc.o");
  assert.match(refusalOf(Buffer.from("#!/bin/sh\n")), /as ELF: it starts with 23 21 2f 62/);
  assert.match(refusalOf(whole.subarray(0, 63)), /the file ends after 63 bytes/);
  assert.match(refusalOf(whole.subarray(0, -1)), /Cannot read \d+ section headers at 0x/);
  const changes: readonly (readonly [number, number, RegExp])[] = [
    [4, 1, /it is a 32-bit ELF/],
    [5, 2, /it is big-endian/],
    [6, 7, /ELF version 7 and 1/],
    [16, 4, /it is of type ET_CORE/],
    [18, 243, /it is for machine EM_RISCV/],
    [52, 63, /it says that it has 63 bytes/],
    [58, 63, /each has 63 bytes/],
    [62, 200, /e_shstrndx is 200, which does not exist/],
  ];
  for (const [offset, value, message] of changes) {
    const changed = whole.slice();
    changed[offset] = value;
    assert.match(refusalOf(changed), message);
  }
});

test("nameOf… functions print values that the specification does not have", () => {
  assert.equal(nameOfMachine(62), "EM_X86_64");
  assert.equal(nameOfMachine(0x1234), "EM_0x1234");
  assert.equal(namesOfSectionFlags(0x6n), "SHF_ALLOC|SHF_EXECINSTR");
  assert.equal(namesOfSectionFlags(0x8n), "0x8");
  assert.equal(namesOfSectionFlags(0n), "0");
});
