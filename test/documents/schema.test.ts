// What the package publishes of its documents.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadWholeTree } from "../../src/cli/command-tree.ts";
import { leavesOf } from "../../src/cli/spec.ts";
import { expectGoldenFile } from "../golden.ts";
import { runXsplice } from "../run-cli.ts";
import { checkDocument } from "./check-document.ts";
import { findBreach } from "./find-breach.ts";
import { type JsonObject, jsonSchemaOf, schemaFile, schemaNames } from "./json-schema.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test("documents has what each command prints with --json, and nothing else", async () => {
  const tree = await loadWholeTree();
  const leaves = tree.flatMap(({ entries }) => entries.flatMap((entry) => leavesOf(entry)));
  const commands = leaves.map(({ path }) => path.join(" ")).filter((path) => path !== "vex");
  assert.deepEqual(schemaNames, [...commands, "error"].sort());
});

test("share/schema/ has the JSON Schema of each document, and no other file", () => {
  for (const name of schemaNames) {
    const schema = jsonSchemaOf(name);
    const file = schemaFile(name);
    if (process.env["UPDATE_GOLDEN"] === "1") requireKept(file, schema);
    expectGoldenFile(file, `${JSON.stringify(schema, undefined, 2)}\n`);
  }
  const files = schemaNames.map((name) => schemaFile(name).replace("share/schema/", ""));
  assert.deepEqual(readdirSync(`${root}share/schema`).sort(), files.sort());
});

/** What was published is a promise: whoever breaks it has to count the version up. */
function requireKept(file: string, schema: JsonObject): void {
  const published = readIfThere(`${root}${file}`);
  if (published === undefined) return;
  const breach = findBreach(JSON.parse(published), schema);
  assert.equal(breach, undefined, `${file}: ${breach}: keep it, or count the version up`);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

const before = {
  type: "object",
  properties: { a: { type: "string" }, b: { type: "array", items: { type: "number" } } },
  required: ["a"],
};
const changes: readonly (readonly [string, JsonObject, string | undefined])[] = [
  ["a new field", { ...before, properties: { ...before.properties, c: {} } }, undefined],
  ["a field that is gone", { ...before, properties: { a: { type: "string" } } }, "b is gone"],
  [
    "a field of another type",
    { ...before, properties: { ...before.properties, a: { type: "number" } } },
    'a: type was "string", and is "number"',
  ],
  ["a field that may be left out", { ...before, required: [] }, "a was always there"],
  [
    "another type inside of a list",
    { ...before, properties: { ...before.properties, b: { type: "array", items: {} } } },
    "b.items: type is gone",
  ],
];
for (const [name, after, breach] of changes) {
  test(`findBreach() says of ${name}: ${breach ?? "nothing"}`, () => {
    assert.equal(findBreach(before, after), breach);
  });
}

test("checkDocument() finds a field that no form names, and one of another type", () => {
  const check = (document: object) => () =>
    checkDocument(["lab", "down", "--json"], JSON.stringify(document));
  check({ version: 1, ended: "trial" })();
  check({ version: 1, error: { code: "lab/none", problem: "Cannot end it" } })();
  assert.throws(check({ version: 1, ended: "trial", more: 1 }), /fits none of its forms/);
  assert.throws(check({ version: 1, ended: 3 }), /ended/);
  assert.throws(check({ ended: "trial" }), /version/);
});

test("xsplice schema prints the schema of a command, and lists all", async () => {
  const one = await runXsplice(["schema", "lab", "up"]);
  assert.equal(one.stdout, readFileSync(`${root}share/schema/lab-up.json`, "utf8"));
  const all = await runXsplice(["schema"]);
  assert.deepEqual(all.stdout.trim().split("\n"), [...schemaNames]);
  const none = await runXsplice(["schema", "lab", "upp"]);
  assert.equal(none.exitCode, 64);
  assert.match(none.stderr, /did you mean "lab up"\?/);
  for (const args of [
    ["schema", "--json"],
    ["schema", "list", "--json"],
  ]) {
    assert.equal((await runXsplice(args)).exitCode, 0);
  }
});
