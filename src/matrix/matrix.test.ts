import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBases } from "./bases-file.ts";
import { type CellInputs, cellKey, decodeCell, encodeCell, isCurrent, isProved } from "./cell.ts";
import { placesOf } from "./places.ts";
import { splitSeries } from "./series.ts";
import { hostName, livepatchName, providesLine } from "./xenserver.ts";

const decode = (value: unknown) => decodeBases(JSON.stringify(value), "b.json", "/lists");

test("decodeBases() takes paths as relative to the list, and words as they are", () => {
  const [word, folder, ssh, files] = decode({
    bases: [
      { base: "debian:12", label: "Debian 12", series: "series-12" },
      { base: "./built" },
      { base: "ssh:root@a/b" },
      { source: "xen", "xen-syms": "/abs/xen-syms", config: "c", compiler: "gcc-11" },
    ],
  });
  assert.deepEqual(
    [word?.label, word?.word, word?.series],
    ["Debian 12", "debian:12", "/lists/series-12"],
  );
  assert.equal(folder?.word, "/lists/built");
  assert.equal(ssh?.word, "ssh:root@a/b");
  assert.deepEqual(
    [files?.label, files?.source, files?.xenSyms, files?.compiler],
    ["/abs/xen-syms", "/lists/xen", "/abs/xen-syms", "gcc-11"],
  );
});

test("decodeBases() says what is wrong with a list, and where", () => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [{ bases: [] }, /bases is \[\]/],
    [{ bases: [{ source: "xen", "xen-syms": "s" }] }, /bases\[0\] has no "config"/],
    [{ bases: [{ base: "debian:12", config: "c" }] }, /has "base" and "config"/],
    [{ bases: [{ base: "debian:12", sauce: "x" }] }, /sauce/],
    [{ bases: [{ base: "installed" }, { base: "installed" }] }, /two bases have the label/],
    [[], /all of it|bases/],
  ];
  for (const [value, problem] of refused) {
    assert.throws(() => decode(value), problem, JSON.stringify(value));
  }
  assert.throws(() => decodeBases("{", "b.json", "/"), /it is not JSON/);
});

test("splitSeries() takes patches of both sides from the beginning only", () => {
  const split = splitSeries(["/s/pristine-a.patch", "/s/xsa1.patch"], "series");
  assert.deepEqual(split, { pristine: ["/s/pristine-a.patch"], patches: ["/s/xsa1.patch"] });
  const late = ["xsa1.patch", "pristine-a.patch"];
  assert.throws(() => splitSeries(late, "series"), /comes after one of the fix/);
  assert.throws(() => splitSeries(["pristine-a.patch"], "series"), /names no patch of the fix/);
  assert.throws(() => splitSeries([], "series"), /names no patch of the fix/);
});

// The names of XenServer's package of July 2024 (docs/guides/depot.md).
test("livepatchName() and hostName() are what XenServer's toolstack looks for", () => {
  const [from, to] = ["4.17.4-5.xs8", "4.17.4-6.xs8"];
  assert.equal(livepatchName(from, to), "lp_4_17_4__5_xs8__4_17_4__6_xs8.livepatch");
  assert.equal(hostName(from, to), "lp_4.17.4-5.xs8-4.17.4-6.xs8");
  assert.equal(
    providesLine(from, to, "45d3d436b1ac9e107aa20268cf3414130a839321"),
    "Provides: livepatch(component/xen/base/4.17.4-5.xs8/to/4.17.4-6.xs8/base-buildid/45d3d436b1ac9e107aa20268cf3414130a839321)",
  );
  for (const wrong of [undefined, "4.17.4", "4.17-4-5", "4.17.4-5 x", "4.17.4+1-5"]) {
    assert.throws(() => livepatchName(wrong, to), /matrix\/layout|Cannot name payloads/);
  }
  assert.throws(() => livepatchName(`${"4".repeat(120)}-5`, to), /128 characters at most/);
});

test("placesOf() keeps evidence out of what XenServer's package ships", () => {
  const naming = { name: "fix", buildId: "ab", from: "4.17-1", to: "4.17-2" };
  const shipped = placesOf({ ...naming, layout: "xenserver" });
  assert.equal(shipped.payload, "usr/lib/xen-livepatch/ab/lp_4_17__1__4_17__2.livepatch");
  assert.deepEqual(shipped.link, {
    path: "usr/lib/xen-livepatch/ab/livepatch.livepatch",
    target: "lp_4_17__1__4_17__2.livepatch",
  });
  for (const path of [shipped.report, shipped.proof, shipped.cell]) {
    assert.ok(path.startsWith("evidence/ab/lp_4_17__1__4_17__2."), path);
  }
  const plain = placesOf({ ...naming, layout: "plain", from: undefined, to: undefined });
  assert.equal(plain.payload, "ab/fix.livepatch");
  assert.equal(plain.report, "ab/fix.livepatch.json");
});

const file = fc.record({ name: fc.string(), sha256: fc.string() });
const inputs: fc.Arbitrary<CellInputs> = fc.record({
  tool: fc.array(fc.string()),
  source: fc.string(),
  xenSyms: fc.string(),
  config: fc.string(),
  compiler: fc.tuple(fc.string(), fc.string()),
  patches: fc.array(file),
  pristine: fc.array(file),
  hooks: fc.array(file),
  options: fc.dictionary(fc.constantFrom("mode", "guard", "init"), fc.array(fc.string()), {
    noNullPrototype: true,
  }),
  file: fc.string(),
});

test("cellKey() is the same for the same inputs in any order, and another for any other input", () => {
  fc.assert(
    fc.property(inputs, inputs, (one, other) => {
      const turned = Object.fromEntries(Object.entries(one).reverse()) as unknown as CellInputs;
      const options = Object.fromEntries(Object.entries(one.options).reverse());
      assert.equal(cellKey({ ...turned, options }), cellKey(one));
      for (const name of Object.keys(one) as (keyof CellInputs)[]) {
        const changed = { ...one, [name]: other[name] };
        const isSame = fc.stringify(one[name]) === fc.stringify(other[name]);
        assert.equal(cellKey(changed) === cellKey(one), isSame, name);
      }
    }),
    { numRuns: 200 },
  );
});

const digest = "ab".repeat(32);
const cell = {
  key: digest,
  label: "Debian 12",
  buildId: "cd",
  outcome: "built",
  reasons: [],
  functions: 2,
  payload: { path: "cd/fix.livepatch", sha256: digest },
  payloadBuildId: "ef",
  report: { path: "cd/fix.livepatch.json", sha256: digest },
  proof: undefined,
  seconds: 1.5,
} as const;

test("isCurrent() holds while inputs and files are as they were, and for nothing else", () => {
  const kept = decodeCell(encodeCell(cell));
  assert.deepEqual(kept, { format: 1, ...cell });
  const all = () => digest;
  assert.ok(isCurrent(kept, digest, all));
  assert.ok(!isCurrent(kept, "00".repeat(32), all));
  assert.ok(!isCurrent(kept, digest, () => undefined));
  assert.ok(!isCurrent(kept, digest, (path) => (path.endsWith(".json") ? digest : "other")));
  assert.ok(!isCurrent(undefined, digest, all));
  assert.ok(!isProved({ format: 1, ...cell }, digest, all));
});

test("decodeCell() takes no part of a cell for a cell", () => {
  const text = encodeCell(cell);
  for (let end = 0; end < text.length - 1; end += 7) {
    assert.equal(decodeCell(text.slice(0, end)), undefined);
  }
  assert.equal(decodeCell(text.replace('"format": 1', '"format": 2')), undefined);
});
