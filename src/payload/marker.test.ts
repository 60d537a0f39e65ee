import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../bytes/hex.ts";
import { readElf } from "../elf/read.ts";
import { contentsOf, requireSection } from "../elf/sections.ts";
import { parseRelease } from "../xen-abi/release.ts";
import { emitExample } from "./emit/emit.test.support.ts";
import { EmitError, type EmitInput } from "./emit/input.ts";
import { neededCovers, readCoverLabel } from "./emit/required-markers.ts";
import { inspectPayload } from "./inspect.ts";
import { type Marker, markerFor, markerOf } from "./marker.ts";
import { parsePayload } from "./parse.ts";
import { readStackingFacts } from "./stacking.ts";

const stacking: EmitInput["stacking"] = {
  mode: "independent",
  guard: "full",
  marker: "carried",
  requires: [],
};

function requireMarker(marker: Marker | undefined): Marker {
  assert.ok(marker);
  return marker;
}

test("emitPayload() puts a marker into the code, with an entry that blanks its first byte", () => {
  const { bytes, marker, symbolMap } = emitExample({ stacking });
  const { id, symbol } = requireMarker(marker);
  assert.deepEqual(inspectPayload(bytes, "x").findings, []);
  const { functions, exports } = parsePayload(bytes, "x");
  const entry = functions.at(-1);
  assert.ok(entry?.kind === "nop" && entry.oldAddress.kind === "own");
  assert.deepEqual([entry.newSize, entry.oldSize], [1, 31]);
  assert.deepEqual(entry.expectation, Uint8Array.of(0xcc));
  assert.equal(entry.oldAddress.symbol, symbol);
  assert.ok(exports.some(({ name }) => name === symbol));
  const { section, offset } = entry.oldAddress;
  const object = readElf(bytes, "x");
  const code = contentsOf(object, requireSection(object, section)).subarray(offset, offset + 31);
  assert.equal(toHex(code), `cc${toHex(id)}`);
  assert.deepEqual(markerOf(symbolMap), marker);
  const covers = [...requireMarker(marker).covers];
  const helper = symbolMap.find(({ sourceName }) => sourceName.endsWith("helper"))?.exportedName;
  assert.deepEqual(covers, [
    ["xen_f", 31],
    ["xen_g", 32],
    [helper, 33],
  ]);
  const behind = contentsOf(object, requireSection(object, section)).subarray(offset + 31);
  // The covers, and what Xen reads behind the last one.
  assert.equal(toHex(behind.subarray(0, 6)), "cccccccccccc");
});

test("emitPayload() gives a marker that only the same content has", () => {
  const [one, same, other] = [
    emitExample({ stacking }),
    emitExample({ stacking }),
    emitExample({ stacking, metadata: [["a", "b"]] }),
  ].map(({ marker }) => requireMarker(marker));
  assert.deepEqual(one, same);
  assert.notEqual(one?.symbol, other?.symbol);
  assert.notDeepEqual(one?.id, other?.id);
});

test("emitPayload() makes a payload ask for the marker of another, and say so", () => {
  const below = emitExample({ stacking });
  const marker = requireMarker(below.marker);
  const requires = [{ buildId: toHex(below.buildId), marker }];
  const { bytes } = emitExample({ stacking: { ...stacking, requires } });
  assert.deepEqual(inspectPayload(bytes, "x").findings, []);
  const { functions, needs, metadata } = parsePayload(bytes, "x");
  assert.deepEqual(functions[4], {
    kind: "nop",
    name: `payload ${toHex(below.buildId)}, uncovered xen_g`,
    oldAddress: { kind: "symbol", symbol: marker.symbol, addend: 32n },
    oldSize: 1,
    newSize: 1,
    expectation: Uint8Array.of(0xcc),
  });
  assert.deepEqual(functions[0], {
    kind: "guard",
    name: `payload ${toHex(below.buildId)}, applied`,
    oldAddress: { kind: "symbol", symbol: marker.symbol, addend: 0n },
    oldSize: 31,
    expectation: Uint8Array.of(0x90, ...marker.id),
  });
  assert.ok(needs.includes(marker.symbol));
  assert.deepEqual(readStackingFacts(metadata).requires, [toHex(below.buildId)]);
});

test("neededCovers() asks for the cover of the uppermost payload alone that replaces the function", () => {
  const requires = [
    ["01", "f"],
    ["02", "f"],
    ["03", "g"],
  ].map(([buildId = "", name = ""]) => {
    const marker = { symbol: `m${buildId}`, id: new Uint8Array(30), covers: new Map([[name, 31]]) };
    return { buildId, marker };
  });
  const unmarked = { buildId: "04", marker: undefined };
  const needed = neededCovers(["f", "h"], [...requires, unmarked]);
  assert.deepEqual(needed, [{ label: "payload 02, uncovered f", markerSymbol: "m02", offset: 31 }]);
  assert.deepEqual(readCoverLabel(needed[0]?.label ?? ""), { buildId: "02", functionName: "f" });
  assert.equal(readCoverLabel("payload 02, applied"), undefined);
});

test("emitPayload() refuses markers where nobody can patch a payload, and ids that are none", () => {
  const marker: Marker = { symbol: "m", id: new Uint8Array(29), covers: new Map() };
  const wrong: readonly Partial<EmitInput>[] = [
    { stacking, payloadVersion: 1 },
    { stacking: { ...stacking, marker: "none", requires: [{ buildId: "00", marker }] } },
    {
      stacking: {
        ...stacking,
        marker: "none",
        requires: [{ buildId: "?", marker: { ...marker, id: new Uint8Array(30) } }],
      },
    },
  ];
  for (const more of wrong) {
    assert.throws(
      () => emitExample(more),
      (error) => error instanceof EmitError && error.report.code === "emit/bad-request",
    );
  }
});

test("markerFor() gives none where a marker crashes the host, or might", () => {
  const of = (text: string) => markerFor(parseRelease(text), "x86_64");
  const unsafe = ["4.16.4", "4.16.7", "4.17.1", "4.17.2", "4.17.3", "4.18.0"];
  // A distribution's 4.17.0 may have the patches of 4.17.1; a "-pre" lacks those of its release.
  for (const text of [...unsafe, "4.13.0", "4.17.0", "4.17.4-pre", "4.18.1-pre", "4.19-unstable"]) {
    assert.equal(of(text), "none", text);
  }
  for (const text of ["4.14.6", "4.15.5", "4.17.5", "4.18.2", "4.19.1", "4.20.4", "4.22.0"]) {
    assert.equal(of(text), "carried", text);
  }
  assert.equal(markerFor(parseRelease("4.20.0"), "aarch64"), "none");
  assert.equal(markerFor(undefined, "x86_64"), "none");
});

test("markerOf() takes no map without a whole marker for one", () => {
  assert.equal(markerOf([]), undefined);
  const entry = { sourceName: "12", exportedName: "m", exportedOffset: 0, sizeBytes: 31 };
  assert.equal(markerOf([{ ...entry, kind: "marker" }]), undefined);
});
