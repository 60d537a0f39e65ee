// Each code that an error can have is explained, and nothing else is.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { errorExplanations } from "../src/cli/error-codes.ts";
import { runXsplice } from "./run-cli.ts";

const source = fileURLToPath(new URL("../../src", import.meta.url));
const CODE = /"([a-z][a-z0-9-]*\/[a-z0-9-]+)"/g;

/** As the source spells them: in unions of codes, and where an error is made. */
function codesInSource(): ReadonlySet<string> {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const codes = new Set<string>(["bug", "stopped"]);
  for (const file of files.filter((name) => /(?<!\.test|\.support)\.ts$/.test(name))) {
    const text = readFileSync(join(source, file), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
    const unions = text.matchAll(/type \w*Code\b[^=]*=([^;]*);|XspliceError<([^>]*)>/g);
    for (const [, one = "", other = ""] of unions) {
      for (const [, code = ""] of (one + other).matchAll(CODE)) codes.add(code);
    }
    for (const [, code = ""] of text.matchAll(/\bcode: ("[^"]*")/g)) {
      for (const [, found = ""] of code.matchAll(CODE)) codes.add(found);
    }
  }
  return codes;
}

test("docs/errors.md explains each code that an error can have, once, in order", () => {
  const explained = errorExplanations().map(({ code }) => code);
  assert.deepEqual([...codesInSource()].sort(), explained.toSorted());
  assert.deepEqual(explained, [...new Set(explained)].sort());
  assert.ok(explained.length > 150);
});

test("xsplice explain says what a code means and what to do, as text and as JSON", async () => {
  const { stdout, exitCode } = await runXsplice(["explain", "host/refused"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^host\/refused\n\nwhat +The hypervisor refused.*\nremedy +\S/);
  const json = JSON.parse((await runXsplice(["explain", "host/refused", "--json"])).stdout);
  assert.deepEqual(Object.keys(json), ["version", "code", "what", "remedy"]);
});

test("xsplice explain explains a rule of check as check --explain does", async () => {
  const rule = await runXsplice(["explain", "one-way"]);
  assert.equal(rule.stdout, (await runXsplice(["check", "--explain", "one-way"])).stdout);
});

test("xsplice explain lists all codes, and names the closest one for a slip", async () => {
  const { stdout } = await runXsplice(["explain"]);
  assert.equal(stdout.split("\n").length - 1, errorExplanations().length);
  const slip = await runXsplice(["explain", "host/refuse"]);
  assert.equal(slip.exitCode, 64);
  assert.match(slip.stderr, /did you mean "host\/refused"\?/);
});
