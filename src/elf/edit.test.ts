import assert from "node:assert/strict";
import { after, test } from "node:test";
import { editElf } from "./edit.ts";
import { FixtureFolder, readelf, smallFixtures } from "./fixtures.test.support.ts";
import { readElf } from "./read.ts";
import { bytesAtAddress, requireSection } from "./sections.ts";
import { requireSymbol } from "./symbols.ts";

const folder = new FixtureFolder();
after(() => folder[Symbol.dispose]());
const fixtures = smallFixtures(folder);

test("editElf() without edits gives the very bytes, of executables too", () => {
  for (const { name, bytes } of fixtures) {
    assert.deepEqual(editElf(readElf(bytes, name), []), bytes);
  }
});

test("editElf() changes contents and symbols in place, and readelf sees nothing else changed", () => {
  const fixture = fixtures.find(({ name }) => name === "gcc-static");
  assert.ok(fixture);
  const object = readElf(fixture.bytes, fixture.name);
  const section = requireSection(object, ".data");
  const symbol = requireSymbol(object, "shared");
  const offset = Number(symbol.value - section.address);
  const edited = editElf(object, [
    { kind: "contents", section, offset, bytes: Uint8Array.of(42) },
    { kind: "symbol", symbol, value: symbol.value, size: 8n },
  ]);
  const again = readElf(edited, "edited");
  assert.deepEqual(requireSymbol(again, "shared"), { ...symbol, size: 8n });
  assert.equal(bytesAtAddress(again, symbol.value, 1)[0], 42);
  const { path } = folder.write("edited", edited);
  const before = readelf(["-aW"], fixture.path);
  const changed = readelf(["-aW"], path).filter((line, index) => line !== before[index]);
  assert.equal(changed.length, 1);
  assert.match(changed[0] ?? "", / 8 OBJECT .* shared$/);
});

test("editElf() refuses to reach out of a section, and to give .bss contents", () => {
  const fixture = fixtures.find(({ name }) => name === "gcc-static");
  assert.ok(fixture);
  const object = readElf(fixture.bytes, fixture.name);
  for (const name of [".data", ".bss"]) {
    const section = requireSection(object, name);
    const offset = section.type === "SHT_NOBITS" ? 0 : section.size - 3;
    const edit = { kind: "contents", section, offset, bytes: new Uint8Array(4) } as const;
    assert.throws(() => editElf(object, [edit]), /Cannot edit 4 bytes at 0x[0-9a-f]+ of section/);
  }
});
