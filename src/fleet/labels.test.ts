// Which hosts a selector means, and what it may not mean.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FleetError } from "./errors.ts";
import {
  type FleetHost,
  formatSelector,
  parseSelector,
  requireHostId,
  requireLabels,
  selectHosts,
} from "./labels.ts";

const fleet: readonly FleetHost[] = [
  { id: "x3", labels: { pool: "b", site: "ams", canary: "yes" } },
  { id: "x1", labels: { pool: "a", site: "fra", role: "database" } },
  { id: "x2", labels: { pool: "a", site: "ams" } },
  { id: "x4", labels: { site: "lon" } },
];

const found = (text: string) => selectHosts(fleet, parseSelector(text)).map(({ id }) => id);
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof FleetError);
    return error.report.code;
  }
  return "none";
};

test("selectHosts() takes hosts for which all terms hold, in the order of their ids", () => {
  assert.deepEqual(found("pool=a"), ["x1", "x2"]);
  assert.deepEqual(found("pool=a, site=ams"), ["x2"]);
  assert.deepEqual(found("site=fra|lon"), ["x1", "x4"]);
  assert.deepEqual(found("role!=database"), ["x2", "x3", "x4"]);
  assert.deepEqual(found("canary"), ["x3"]);
  assert.deepEqual(found("!pool"), ["x4"]);
  assert.deepEqual(found("all"), ["x1", "x2", "x3", "x4"]);
});

test("selectHosts() refuses a label that no host has, also where its absence would select all", () => {
  for (const slip of ["pol=a", "pol!=a", "!pol"]) {
    assert.equal(
      codeOf(() => found(slip)),
      "fleet/unknown-label",
      slip,
    );
  }
  assert.equal(
    codeOf(() => found("constructor")),
    "fleet/unknown-label",
  );
});

test("selectHosts() refuses to select nobody", () => {
  assert.equal(
    codeOf(() => found("pool=b,site=fra")),
    "fleet/nothing-selected",
  );
  assert.equal(
    codeOf(() => selectHosts([], parseSelector("all"))),
    "fleet/nothing-selected",
  );
});

test("parseSelector() refuses what is empty, half a term, or both", () => {
  for (const bad of [
    "",
    " ",
    "pool=a,",
    ",",
    "=a",
    "pool=",
    "pool=a|",
    "!pool=a",
    "Pool",
    "a=b=c",
    "p q",
  ]) {
    assert.equal(
      codeOf(() => parseSelector(bad)),
      "fleet/bad-request",
      `"${bad}"`,
    );
  }
});

test("formatSelector() writes what parseSelector() reads", () => {
  for (const text of ["all", "pool=a,site=fra|ams,role!=db,canary,!old"]) {
    assert.equal(formatSelector(parseSelector(text)), text);
    assert.deepEqual(parseSelector(formatSelector(parseSelector(text))), parseSelector(text));
  }
});

test("requireLabels() and requireHostId() refuse what a selector or a subject could not name", () => {
  requireLabels({ pool: "a", "rack.row": "7" });
  requireHostId("xen1.example.org");
  assert.equal(
    codeOf(() => requireLabels({ Pool: "a" })),
    "fleet/bad-request",
  );
  assert.equal(
    codeOf(() => requireLabels({ pool: "a b" })),
    "fleet/bad-request",
  );
  for (const bad of ["", "a b", "*", "x>", ".x", "x."]) {
    assert.equal(
      codeOf(() => requireHostId(bad)),
      "fleet/bad-request",
      bad,
    );
  }
});
