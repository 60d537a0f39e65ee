// The public API is what it is on purpose: docs/api.md shows all of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { expectGoldenFile } from "./golden.ts";
import { namedIn, readDoors, root } from "./read-api.ts";
import { renderApi } from "./render-api.ts";

const doors = readDoors();

/** Named by exported types and not exported themselves: nobody outside has to make or name one. */
const inner: ReadonlySet<string> = new Set([
  // How a type is taken from its schema.
  ...["json/decode-json.d.ts#Described"],
  // What reportOf() and explainFunction() read of a build, what carryChanges() reads of a diff, and what
  // a rule of check looks at.
  ...["builder/fit.d.ts#Fit", "builder/link/link.d.ts#LinkedPayload", "builder/target.d.ts#Target"],
  ...["compare/compared-object.d.ts#ComparedObject", "pairs/prepared-pairs.d.ts#PreparedPairs"],
  ...[
    "diff/comparison.d.ts#Comparison",
    "diff/crossing.d.ts#Crossings",
    "check/step.d.ts#CheckedStep",
  ],
  // What builders warn of, once it is emitted.
  ...["payload/pointers/pointer-facts.d.ts#PointerFacts"],
  // What builders say of where CPUs stand.
  ...["payload/emit/input.d.ts#StandingCode"],
  // How a lab and its agent are put together.
  ...["lab/lab.d.ts#LabOrigin", "agent/handshake.d.ts#HandshakeOptions", "agent/wire.d.ts#Frame"],
  ...["agent/messages.d.ts#GuestMemory", "agent/messages.d.ts#HypercallRequest"],
  "agent/messages.d.ts#HypercallResult",
  ...["agent/process.d.ts#SendFrame", "parts/apt-suite.d.ts#AptSuite"],
  ...["xen-model/load/payload-file.d.ts#PayloadSection"],
]);

test("docs/api.md shows every door, with its example and all that it exports", () => {
  const exampleOf = (door: string) => readFileSync(join(root, `examples/api/${door}.ts`), "utf8");
  expectGoldenFile("docs/api.md", renderApi(doors, exampleOf));
});

test("every type that an export names can be imported from a door, or is inner on purpose", () => {
  const entries = doors.flatMap((door) => door.entries);
  const open = new Set(entries.map(({ declaration }) => declaration));
  const named = entries.flatMap(({ declaration }) => namedIn(declaration));
  const closed = named.filter((one) => one.isExported && one.kind !== "const" && !open.has(one));
  const found = new Set(closed.map(({ file, name }) => `${file}#${name}`));
  assert.deepEqual([...found].sort(), [...inner].sort());
});

test("every example is run by a test", () => {
  const tests = ["test/api-examples.test.ts", "test/lab/api-examples.test.ts"];
  const text = tests.map((path) => readFileSync(join(root, path), "utf8")).join("");
  const idle = doors.filter(({ name }) => !text.includes(`run("${name}"`));
  assert.deepEqual(
    idle.map(({ name }) => name),
    [],
  );
});

test("every door says what it is for", () => {
  const silent = doors.filter(({ about }) => about === "").map(({ name }) => name);
  assert.deepEqual(silent, []);
});
