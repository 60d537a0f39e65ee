// Which tests there are, and how they are run. The list comes from the sources, so that the output
// of a test that was deleted or renamed is never run again.

import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { root, run } from "./setup.mjs";

/** Tests that need no lab: beside the code and directly in test/. */
export function fastTests() {
  const besides = testFiles("test").filter((file) => !isLabTest(file) && !isFuzzTest(file));
  return testFiles("src").concat(besides);
}

/** A minute of mutated payloads, in test/fuzz/: no lab, and nothing for every change. */
export function fuzzTests() {
  return testFiles("test").filter(isFuzzTest);
}

/** Tests on a real Xen, in test/lab/. */
export function labTests() {
  return testFiles("test").filter(isLabTest);
}

/** Fetches what the labs are made of, with sizes told first, and boots each kind of lab once. */
export function prepareLabs() {
  run(process.execPath, ["--enable-source-maps", join(root, "dist/test/lab/prepare.js")]);
}

/**
 * Runs the files with node's own test runner, whose summary closes the output. A file for each core:
 * the runner would leave one free, and on two cores half of the time goes into waiting for a dom0.
 */
export function runTests(files) {
  const atOnce = `--test-concurrency=${availableParallelism()}`;
  const args = ["--enable-source-maps", "--test", "--test-reporter=spec", atOnce];
  return run(process.execPath, [...args, ...files]);
}

function testFiles(folder) {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  const tests = names.filter((name) => name.endsWith(".test.ts")).sort();
  return tests.map((name) => join(root, "dist", folder, name.replace(/\.ts$/, ".js")));
}

function isLabTest(file) {
  return file.startsWith(join(root, "dist/test/lab/"));
}

function isFuzzTest(file) {
  return file.startsWith(join(root, "dist/test/fuzz/"));
}
