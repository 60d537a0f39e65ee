import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PayloadError } from "./errors.ts";
import {
  decodeSymbolMap,
  encodeSymbolMap,
  type SymbolMapEntry,
  symbolMapKinds,
} from "./symbol-map.ts";

const name = fc.string({ unit: "grapheme" }).filter((text) => !/[\t\n\0]/.test(text));
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const entry: fc.Arbitrary<SymbolMapEntry> = fc.record(
  {
    sourceName: name,
    exportedName: name,
    exportedOffset: u32,
    kind: fc.constantFrom(...symbolMapKinds),
    sizeBytes: u32,
  },
  { noNullPrototype: true },
);

test("decodeSymbolMap() is the inverse of encodeSymbolMap()", () => {
  fc.assert(
    fc.property(fc.array(entry), (map) => {
      assert.deepEqual(decodeSymbolMap(encodeSymbolMap(map), "test"), map);
    }),
  );
});

test("encodeSymbolMap() gives lines that a person can read", () => {
  const map: SymbolMapEntry[] = [
    {
      sourceName: "common/version.c#helper",
      exportedName: "helper.x1f",
      exportedOffset: 0,
      kind: "function",
      sizeBytes: 12,
    },
  ];
  const text = new TextDecoder().decode(encodeSymbolMap(map));
  assert.equal(text, "xsplice-symbols 1\nfunction\t12\tcommon/version.c#helper\thelper.x1f\t0\n");
});

test("decodeSymbolMap() names the line that it cannot read", () => {
  const bytes = new TextEncoder().encode("xsplice-symbols 1\nfunction\t12\tf\tf\t0\nbroken\n");
  assert.throws(() => decodeSymbolMap(bytes, '"x.livepatch"'), {
    name: "PayloadError",
    message:
      'Cannot read the symbol map: "broken" is no entry\n' +
      '  where:    "x.livepatch", section ".xsplice.symbols", line 3\n' +
      "  expected: kind, size, source name, exported name and offset with tabs between",
  });
});

test("decodeSymbolMap() refuses a map of another version, cut short, or that is no text", () => {
  for (const text of ["", "xsplice-symbols 2\n", "xsplice-symbols 1", "xsplice-symbols 1\nx"]) {
    assert.throws(() => decodeSymbolMap(new TextEncoder().encode(text), "test"), PayloadError);
  }
  assert.throws(() => decodeSymbolMap(Uint8Array.of(0xff, 0xfe), "test"), PayloadError);
});
