// What the command line says when a host's journal cannot be written or read: once, and after all else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelHost } from "../src/hosts/model.ts";
import { syntheticModel } from "../src/xen-model/synthetic.test.support.ts";
import { first } from "./cli-plan-host.ts";
import { runXsplice } from "./run-cli.ts";

test("load says once, and after all else, that the order cannot be written down", async () => {
  const host = new ModelHost(syntheticModel());
  host.journal.write = async () => {
    throw new Error("no room");
  };
  const run = await runXsplice(["load", first.path], { host });
  assert.equal(run.exitCode, 0);
  assert.match(run.stdout, /^Uploading .* completed\nApplying first\.\.\. completed\n$/);
  assert.equal(run.stderr, "warning: the order of payloads is not written down: no room\n");
});

test("load says once where a journal is kept that this release cannot read", async () => {
  const host = new ModelHost(syntheticModel());
  host.journal.text = '{"version":2}';
  const run = await runXsplice(["load", first.path], { host });
  assert.equal(run.exitCode, 0);
  const [[place, kept] = []] = [...host.journal.aside];
  assert.equal(kept, '{"version":2}');
  assert.equal(
    run.stderr,
    `warning: this release cannot read the host's journal: kept as ${place}, a new one begins\n`,
  );
});
