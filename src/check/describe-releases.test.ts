import assert from "node:assert/strict";
import { test } from "node:test";
import { hasFeature, needsWritableFuncs } from "../xen-abi/features.ts";
import { describeReleases } from "./describe-releases.ts";

test("describeReleases() joins whole lines and names the point releases of others", () => {
  const isMeant = (release: Parameters<typeof hasFeature>[0]) =>
    !hasFeature(release, "registered-at-upload");
  assert.equal(describeReleases(isMeant, "x86_64"), "4.7 to 4.16, 4.17.0 to 4.17.3, 4.18.0");
});

test("describeReleases() tells runs inside of a line and open ends", () => {
  const isMeant = (release: Parameters<typeof needsWritableFuncs>[0]) =>
    needsWritableFuncs(release, "x86_64");
  assert.equal(
    describeReleases(isMeant, "x86_64"),
    "4.16 from 4.16.4 on, 4.17.1 to 4.17.2, 4.18.0",
  );
  assert.equal(
    describeReleases((release) => release.minor >= 21, "x86_64"),
    "4.21 and later",
  );
});

test("describeReleases() has words for all and for none, as far as an architecture goes", () => {
  assert.equal(
    describeReleases(() => true, "aarch64"),
    "every release",
  );
  assert.equal(
    describeReleases(({ minor }) => minor === 7, "aarch64"),
    "none",
  );
  assert.equal(
    describeReleases(({ minor }) => minor === 7, "x86_64"),
    "4.7",
  );
});
