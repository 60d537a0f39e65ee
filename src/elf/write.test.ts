import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { Machine, SectionFlag } from "./constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "./draft.ts";
import { draftFrom } from "./draft-from.ts";
import { FixtureFolder, PROGRAM, readelf, smallFixtures } from "./fixtures.test.support.ts";
import { nameOfSymbolBinding, nameOfSymbolType, nameOfSymbolVisibility } from "./names.ts";
import { readElf } from "./read.ts";
import { writeElf } from "./write.ts";

const folder = new FixtureFolder();
after(() => folder[Symbol.dispose]());
const objects = smallFixtures(folder).filter(({ name }) => name.endsWith(".o"));

function sectionWith(content: DraftSection["content"]): DraftSection {
  return {
    name: ".data",
    type: content instanceof Uint8Array ? "SHT_PROGBITS" : "SHT_NOBITS",
    flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_WRITE,
    alignment: 8,
    entrySize: 0,
    content,
    relocations: [],
  };
}

function draftOf(sections: DraftSection[], symbols: DraftSymbol[]): ElfDraft {
  return { machine: Machine.EM_X86_64, osAbi: 0, flags: 0, sections, symbols };
}

const name = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.includes("\0"));
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const i64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });

const four = Array.from({ length: 4 }, (_, number) => number);
const sixteen = Array.from({ length: 16 }, (_, number) => number);
const bindings = sixteen.map(nameOfSymbolBinding);
const types = sixteen.map(nameOfSymbolType);
const visibilities = four.flatMap((number) => nameOfSymbolVisibility(number) ?? []);

const section: fc.Arbitrary<DraftSection> = fc
  .record({
    name,
    flags: fc.constantFrom(0x2n, 0x3n, 0x6n, 0x32n),
    alignment: fc.constantFrom(1, 2, 4, 8, 16, 4096, 2 ** 21),
    entrySize: fc.nat(200),
    content: fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.nat().map((sizeBytes) => ({ sizeBytes })),
    ),
  })
  .map((fields) => ({ ...sectionWith(fields.content), ...fields }));

/** Locals first, as they come back: what writeElf() does to the order is tested by itself. */
const draft: fc.Arbitrary<ElfDraft> = fc
  .tuple(fc.array(section, { maxLength: 8 }), fc.infiniteStream(fc.nat()))
  .chain(([sections, choices]) => {
    const choose = <Item>(items: readonly Item[]): Item | undefined =>
      items[(choices.next().value ?? 0) % items.length];
    const symbol = fc
      .record({
        name,
        value: u64,
        size: u64,
        binding: fc.constantFrom(...bindings),
        type: fc.constantFrom(...types),
        visibility: fc.constantFrom(...visibilities),
      })
      .map(
        (fields): DraftSymbol => ({
          ...fields,
          place: choose([...sections, "undefined", "absolute", "common"] as const) ?? "absolute",
        }),
      );
    const relocation = fc.record({ type: fc.nat(1000), addend: i64 });
    return fc
      .tuple(fc.array(symbol, { maxLength: 8 }), fc.array(relocation, { maxLength: 12 }))
      .map(([unsorted, relocations]) => {
        const isLocal = (one: DraftSymbol): boolean => one.binding === "STB_LOCAL";
        const symbols = [...unsorted.filter(isLocal), ...unsorted.filter((one) => !isLocal(one))];
        for (const fields of relocations) {
          const target = choose(sections);
          const against = choose(symbols);
          if (target === undefined || against === undefined) continue;
          target.relocations.push({ ...fields, offset: 0, symbol: against });
        }
        return draftOf(sections, symbols);
      });
  });

test("writeElf() writes what draftFrom() reads back the same", () => {
  fc.assert(
    fc.property(draft, (made) => {
      const object = readElf(writeElf(made), "made.o");
      const read = draftFrom(object);
      // fast-check makes records without a prototype.
      assert.deepEqual(structuredClone(read), structuredClone(made));
      // Xen refuses sections that begin inside of the ELF header, empty ones too.
      assert.ok(object.sections.slice(1).every(({ offset }) => offset >= 64));
    }),
  );
});

test("writeElf() gives the same bytes for what it wrote before", () => {
  fc.assert(
    fc.property(draft, (made) => {
      const bytes = writeElf(made);
      assert.deepEqual(writeElf(draftFrom(readElf(bytes, "made.o"))), bytes);
    }),
  );
});

/** Everything that readelf knows, but for where in the file it lies and how long names share. */
function saysOf(path: string): readonly string[] {
  return readelf(["-aW"], path)
    .filter((line) => !/Start of section headers|STRTAB/.test(line))
    .map((line) =>
      line
        .replace(/^( {2}\[ *\d+\] .* [0-9a-f]{16}) [0-9a-f]{6}/, "$1")
        .replace(/at offset 0x[0-9a-f]+/, "at offset"),
    );
}

for (const { name: label, path, bytes } of objects.filter(
  (fixture) => fixture.name !== "clang.o",
)) {
  test(`writeElf() writes ${label} so that readelf says the same of it`, () => {
    const written = folder.write(`${label}.again`, writeElf(draftFrom(readElf(bytes, label))));
    const rename = (line: string): string => line.replaceAll(written.path, path);
    assert.deepEqual(saysOf(written.path).map(rename), saysOf(path));
  });
}

test("writeElf() writes what clang made, without its table of symbol numbers", (context) => {
  const clang = objects.find((fixture) => fixture.name === "clang.o");
  if (clang === undefined) return context.skip("no clang on this machine");
  const symbols = (path: string): readonly string[] =>
    readelf(["-sW"], path)
      .map((line) => line.replace(/^ *\d+: /, "").replace(/ +\d+ (\S+)$/, " $1"))
      .filter((line) => /FUNC|OBJECT|FILE/.test(line));
  const written = folder.write("clang.again", writeElf(draftFrom(readElf(clang.bytes, "clang.o"))));
  assert.deepEqual(symbols(written.path), symbols(clang.path));
  assert.equal(readelf(["-SW"], written.path).join().includes("addrsig"), false);
});

test("writeElf() gives linkable code whatever the order of sections and symbols", () => {
  const args = ["-O2", "-g", "-ffunction-sections", "-fdata-sections", "-c"];
  const { bytes, path } = folder.compile("gcc", args, PROGRAM, "shuffled.o");
  const exitCodeOf = (object: string): number | null => {
    const program = join(folder.path, "shuffled");
    execFileSync("gcc", ["-o", program, object]);
    return spawnSync(program).status;
  };
  const expected = exitCodeOf(path);
  assert.ok(expected !== null && expected > 0);
  const { sections, symbols } = draftFrom(readElf(bytes, "shuffled.o"));
  const shuffled = <Item>(items: readonly Item[]): fc.Arbitrary<Item[]> =>
    fc.shuffledSubarray([...items], { minLength: items.length });
  fc.assert(
    fc.property(shuffled(sections), shuffled(symbols), (inOrder, symbolsInOrder) => {
      const written = writeElf(draftOf(inOrder, symbolsInOrder));
      assert.equal(exitCodeOf(folder.write("shuffled.again.o", written).path), expected);
    }),
    { numRuns: 5 },
  );
});

test("draftFrom() copies: editing the draft leaves the file as it was", () => {
  const [fixture] = objects;
  assert.ok(fixture);
  const file = Buffer.from(fixture.bytes);
  for (const { content } of draftFrom(readElf(file, "gcc.o")).sections) {
    if (content instanceof Uint8Array) content.fill(0xcc);
  }
  assert.deepEqual(new Uint8Array(file), fixture.bytes);
});

test("writeElf() keeps what a section with SHF_LINK_ORDER goes with", () => {
  const target = sectionWith(new Uint8Array(4));
  const linked = { ...sectionWith(new Uint8Array(8)), flags: SectionFlag.SHF_LINK_ORDER };
  const bytes = writeElf(draftOf([{ ...linked, linkedTo: target }, target], []));
  const [first, second] = draftFrom(readElf(bytes, "linked.o")).sections;
  assert.equal(first?.linkedTo, second);
});

test("draftFrom() refuses section groups and executables, and says what to do", () => {
  const comdat = "inline int f(void); inline int f(void) { return 1; } int g(void) { return f(); }";
  const cxx = folder.compile("gcc", ["-x", "c++", "-O0", "-c"], comdat, "comdat.o");
  assert.throws(() => draftFrom(readElf(cxx.bytes, "comdat.o")), {
    name: "ElfError",
    message: /belongs to a section group.*ld -r --force-group-allocation/s,
  });
  const executable = folder.compile("gcc", ["-O2"], PROGRAM, "program");
  assert.throws(() => draftFrom(readElf(executable.bytes, "program")), /it is of type ET_DYN/);
});

test("writeElf() refuses more sections than plain numbering has", () => {
  const sections = Array.from({ length: 0xff00 }, () => sectionWith(new Uint8Array()));
  assert.throws(() => writeElf(draftOf(sections, [])), /Cannot write 65284 sections to one file/);
});

test("writeElf() takes a draft that refers outside of itself for a bug", () => {
  const stranger = sectionWith(new Uint8Array(4));
  const symbol: DraftSymbol = {
    name: "lost",
    value: 0n,
    size: 0n,
    binding: "STB_GLOBAL",
    type: "STT_FUNC",
    visibility: "STV_DEFAULT",
    place: stranger,
  };
  assert.throws(() => writeElf(draftOf([], [symbol])), /Bug in xsplice: "lost" lies in a section/);
});
