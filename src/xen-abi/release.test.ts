import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Feature,
  featureHistory,
  featuresOf,
  hasFeature,
  needsWritableFuncs,
  wantsWritableFuncs,
} from "./features.ts";
import {
  findReleaseLine,
  formatRelease,
  parseRelease,
  ReleaseError,
  releaseLines,
  requireReleaseLine,
} from "./release.ts";

test("parseRelease() is the inverse of formatRelease()", () => {
  const number = fc.integer({ min: 0, max: 9999 });
  fc.assert(
    fc.property(fc.tuple(number, number, number), ([major, minor, point]) => {
      const release = { major, minor, point };
      assert.deepEqual(parseRelease(formatRelease(release)), release);
    }),
  );
});

test("parseRelease() ignores what distributions put behind the numbers", () => {
  assert.deepEqual(parseRelease("4.17.5+72-g01140da4e8-1"), { major: 4, minor: 17, point: 5 });
  assert.deepEqual(parseRelease("4.20-rc1"), { major: 4, minor: 20, point: 0 });
  for (const text of ["", "xen", "4", "4.", "4.17.", "4.17.5.1", "v4.17"]) {
    assert.throws(() => parseRelease(text), ReleaseError, text);
  }
});

test("releaseLines has every 4.N once, with interface and family as in the reference", () => {
  assert.deepEqual(
    releaseLines.map(({ minor }) => minor),
    Array.from({ length: 16 }, (_, index) => index + 7),
  );
  const facts = (minor: number) => {
    const line = requireReleaseLine({ major: 4, minor });
    return [line.sysctlInterface, line.abiFamily, line.payloadVersion];
  };
  assert.deepEqual(facts(13), [0x12, "A", 1]);
  assert.deepEqual(facts(14), [0x13, "B", 2]);
  assert.deepEqual(facts(17), [0x15, "B", 2]);
  assert.deepEqual(facts(20), [0x15, "B", 2]);
  assert.deepEqual(facts(21), [0x16, "C", 2]);
  assert.equal(findReleaseLine({ major: 4, minor: 6 }), undefined);
  assert.throws(() => requireReleaseLine({ major: 5, minor: 0 }), ReleaseError);
});

const boundaries: readonly [feature: Feature, without: string[], having: string[]][] = [
  ["load-hooks", ["4.7.6"], ["4.8.0"]],
  ["refuses-null-symbol", ["4.7.3", "4.8.1", "4.9.0"], ["4.7.4", "4.8.2", "4.9.1", "4.10.0"]],
  ["endbr-aware", ["4.14.4", "4.15.2", "4.16.0"], ["4.14.5", "4.15.3", "4.16.1", "4.17.0"]],
  ["relaxes-page-permissions", ["4.16.3", "4.17.0"], ["4.16.4", "4.17.1", "4.18.0"]],
  ["function-state-outside", ["4.17.2", "4.18.0", "4.16.7"], ["4.17.3", "4.18.1", "4.19.0"]],
  ["early-build-id-check", ["4.17.7", "4.18.3", "4.19.0"], ["4.18.4", "4.19.1", "4.20.0"]],
  ["one-byte-bug-marker", ["4.21.3"], ["4.22.0"]],
];

test("hasFeature() knows the mainline release and the backports", () => {
  for (const [feature, without, having] of boundaries) {
    for (const text of without) assert.equal(hasFeature(parseRelease(text), feature), false, text);
    for (const text of having) assert.equal(hasFeature(parseRelease(text), feature), true, text);
  }
});

test("featuresOf() leaves out of 4.17.5 what came later and was not backported", () => {
  const features = featuresOf(parseRelease("4.17.5"));
  const missing = Object.keys(featureHistory).filter((name) => !features.has(name as Feature));
  assert.deepEqual(missing, [
    "force-flag",
    "early-build-id-check",
    "returns-alternatives-errors",
    "alt-call-sites",
    "bounded-list",
    "one-byte-bug-marker",
  ]);
});

test("needsWritableFuncs() names exactly the releases of the reference", () => {
  const onX86 = (text: string) => needsWritableFuncs(parseRelease(text), "x86_64");
  for (const text of ["4.16.4", "4.16.7", "4.17.1", "4.17.2", "4.18.0"]) {
    assert.equal(onX86(text), true, text);
  }
  for (const text of ["4.14.6", "4.16.3", "4.17.0", "4.17.3", "4.18.1", "4.19.0", "4.22.0"]) {
    assert.equal(onX86(text), false, text);
  }
  assert.equal(needsWritableFuncs(parseRelease("4.14.6"), "aarch64"), true);
  assert.equal(needsWritableFuncs(parseRelease("4.17.3"), "aarch64"), false);
});

test("wantsWritableFuncs() leaves the array read-only only where Xen surely writes elsewhere", () => {
  const wants = (text: string) => wantsWritableFuncs(parseRelease(text));
  // 4.8 and 4.9 apply a payload again only with a writable array; "-pre" comes before its release.
  const writable = ["4.7.0", "4.8.1", "4.9.4", "4.13.5", "4.14.6", "4.16.7", "4.17.0", "4.17.2"];
  for (const text of [...writable, "4.17.3-pre", "4.18.0", "4.18.1-pre", "4.19-unstable"]) {
    assert.equal(wants(text), true, text);
  }
  for (const text of ["4.17.4", "4.17.5+72-g0114", "4.18.2", "4.19.1", "4.20.0", "4.22.0"]) {
    assert.equal(wants(text), false, text);
  }
});
