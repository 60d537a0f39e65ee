import assert from "node:assert/strict";
import { test } from "node:test";
import { BuilderError } from "../build-outcome/builder-error.ts";
import { checkOrigins } from "./patches.ts";

/** What is said of a payload below when the fix has source "1", configuration "c". */
function said(
  origin: { readonly source: string; readonly config: string } | undefined,
  differing?: readonly string[],
): string {
  const own = { source: "1", config: "c", differencesFrom: () => differing };
  try {
    checkOrigins({ payloads: [{ payload: { source: "below.livepatch" }, origin }] }, own);
    return "";
  } catch (error) {
    assert.ok(error instanceof BuilderError && error.report.code === "builder/wrong-stack");
    return `${error.report.problem}; ${error.report.where}`;
  }
}

test("checkOrigins() takes payloads of the same source and configuration, and hand-written ones", () => {
  assert.equal(said({ source: "1", config: "c" }), "");
  assert.equal(said(undefined), "");
});

test("checkOrigins() names files in which the sources differ, where they are known", () => {
  const other = { source: "2", config: "c" };
  assert.match(
    said(other, ["xen/a.c", "xen/b.h"]),
    /another source; SHA-256 2; .*: xen\/a.c, xen\/b.h$/,
  );
  assert.match(
    said(
      other,
      Array.from({ length: 12 }, (_, at) => `f${at}`),
    ),
    /f9, and 2 more$/,
  );
  assert.match(said(other), /the cache has no copy/);
});

test("checkOrigins() speaks of no files where only the configuration is another one", () => {
  assert.match(
    said({ source: "1", config: "d" }, ["xen/a.c"]),
    /another configuration; SHA-256 d$/,
  );
});
