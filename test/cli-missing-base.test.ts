// A payload that was made on top of another one, where that one is missing: the command says which, and where
// it is.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ModelHost } from "../src/hosts/model.ts";
import { syntheticModel } from "../src/xen-model/synthetic.test.support.ts";
import { payloadFiles } from "./plan-payloads.ts";
import { runXsplice } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-base-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const make = payloadFiles(folder, 3000);
const first = make("first", { functions: ["alpha", "beta"] });
const second = make("second", { functions: ["beta", "gamma"], on: [first] });

test("load names the payload that is missing below, and the file that has it", async () => {
  const host = new ModelHost(syntheticModel());
  const run = await runXsplice(["load", second.path], { host });
  assert.equal(run.exitCode, 1);
  assert.match(
    run.stderr,
    /: it was made on top of the payload with build-id [0-9a-f]{40}, which is not/,
  );
  assert.match(run.stderr, new RegExp(`remedy: +first "xsplice load ${first.path}", which has`));
  assert.doesNotMatch(run.stderr, /xen-syms/);
  assert.equal(host.model.list().length, 0, "it is unloaded again");
});

test("load says so where no file beside it is the missing one", async () => {
  const host = new ModelHost(syntheticModel());
  const alone = join(mkdtempSync(join(folder, "alone-")), "second.livepatch");
  writeFileSync(alone, readFileSync(second.path));
  const run = await runXsplice(["load", alone], { host });
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /remedy: +load that one first: "xsplice inspect" shows the build-id/);
});

test("load and apply say that the payload below is loaded and not applied", async () => {
  const host = new ModelHost(syntheticModel());
  assert.equal((await runXsplice(["upload", "low", first.path], { host })).exitCode, 0);
  const loaded = await runXsplice(["load", second.path], { host });
  assert.match(loaded.stderr, /: it was made on top of "low", which is loaded and not applied\n/);
  assert.match(loaded.stderr, /remedy: +first "xsplice apply low"/);
  assert.equal((await runXsplice(["upload", "top", second.path], { host })).exitCode, 0);
  const applied = await runXsplice(["apply", "top"], { host });
  assert.equal(applied.exitCode, 1);
  assert.match(applied.stderr, /: it was made on top of "low", which is loaded and not applied\n/);
  assert.equal((await runXsplice(["apply", "low"], { host })).exitCode, 0);
  assert.equal((await runXsplice(["apply", "top"], { host })).exitCode, 0);
});

test("upload that is refused before anything is sent does not speak as the stock tool", async () => {
  const host = new ModelHost(syntheticModel());
  assert.equal((await runXsplice(["upload", "low", first.path], { host })).exitCode, 0);
  const twin = await runXsplice(["upload", "again", first.path], { host });
  assert.equal(twin.exitCode, 1);
  assert.equal(twin.stdout, "");
  assert.match(twin.stderr, /^Cannot load ".*": the host has it already, as "low"/);
});
