// What `xsplice probe`, and `load` after a refusal, tell of old code that is not there.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ModelHost } from "../../src/hosts/model.ts";
import { syntheticModel, syntheticPayload } from "../../src/xen-model/synthetic.test.support.ts";
import { runXsplice } from "../run-cli.ts";
import { guarded, independent } from "./guarded.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-probe-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("xsplice probe ends with 0 or 2, and tells scripts the same", async () => {
  const host = new ModelHost(syntheticModel());
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, `${name}.livepatch`);
    writeFileSync(path, bytes);
    return path;
  };
  const right = file("right", guarded(["alpha"]));
  const yes = await runXsplice(["probe", right], { host });
  assert.equal(yes.exitCode, 0, yes.stderr);
  assert.match(yes.stdout, /^As expected: .* \(26 bytes of 1 function compared\)\.\n$/);
  await host.upload("culprit", guarded(["alpha"], { metadata: [["a", "b"]] }));
  await host.act("apply", "culprit", independent);
  const no = await runXsplice(["probe", right], { host });
  assert.equal(no.exitCode, 2);
  assert.match(
    no.stdout,
    /^Not as expected: .*\n\nalpha\+0x0 is not(.*\n)*.*by payload "culprit", which/,
  );
  const json = await runXsplice(["probe", right, "--json"], { host });
  assert.equal(json.exitCode, 2);
  const { kind, differences } = JSON.parse(json.stdout);
  assert.equal(kind, "different");
  assert.deepEqual(differences[0].suspects, [{ payload: "culprit", because: "replaces-it" }]);
  const replace = await runXsplice(["probe", "--replace", right], { host });
  assert.equal(replace.exitCode, 0, replace.stdout);
  const nothing = file("nothing", guarded(["beta"], { guards: [] }));
  const error = await runXsplice(["probe", nothing], { host });
  assert.equal(error.exitCode, 1);
  assert.match(error.stderr, /carries no old code/);
});

test("xsplice load says in words what is other than expected, and reverts nothing", async () => {
  const host = new ModelHost(syntheticModel());
  await host.upload("culprit", guarded(["alpha"], { metadata: [["a", "b"]] }));
  await host.act("apply", "culprit", independent);
  const path = join(folder, "victim.livepatch");
  writeFileSync(path, guarded(["alpha", "beta"]));
  const run = await runXsplice(["load", "--nodeps", path], { host });
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /expected: +alpha\+0x0 is not what the payload expects\n/);
  assert.match(run.stderr, /remedy: +revert "culprit" first/);
  const json = await runXsplice(["load", "--nodeps", "--json", path], { host });
  assert.equal(JSON.parse(json.stdout).error.unexpectedCode.place, "alpha+0");
  assert.deepEqual(
    (await host.list()).map(({ name }) => name),
    ["culprit"],
  );
});

test("xsplice probe and list --stack tell the same of a payload that xSplice did not make", async () => {
  const host = new ModelHost(syntheticModel());
  const entries = [{ old: "alpha", by: "other_alpha" }] as const;
  const path = join(folder, "foreign.livepatch");
  writeFileSync(path, syntheticPayload({ id: "01", entries }));
  const right = join(folder, "expected.livepatch");
  writeFileSync(right, guarded(["alpha"]));
  const suspectsOf = async (...more: readonly string[]) => {
    const { stdout } = await runXsplice(["probe", right, "--json", ...more], { host });
    return JSON.parse(stdout).differences[0].suspects;
  };
  const functionsOf = async (...more: readonly string[]) => {
    const { stdout } = await runXsplice(["list", "--stack", "--json", ...more], { host });
    return JSON.parse(stdout).applied[0].functions?.map(({ name }: { name: string }) => name);
  };
  // By somebody else: neither knows; by its file, both do.
  await host.upload("foreign", readFileSync(path));
  await host.act("apply", "foreign", independent);
  assert.equal(await functionsOf(), undefined);
  assert.deepEqual(await suspectsOf(), [{ payload: "foreign", because: "may-replace-it" }]);
  assert.deepEqual(await functionsOf("--payload", path), ["alpha"]);
  const certain = [{ payload: "foreign", because: "replaces-it" }];
  assert.deepEqual(await suspectsOf("--payload", path), certain);
  // By xSplice: the journal tells both.
  for (const words of [
    ["revert", "foreign"],
    ["unload", "foreign"],
    ["load", "--nodeps", path],
  ]) {
    assert.equal((await runXsplice(words, { host })).exitCode, 0);
  }
  assert.deepEqual(await functionsOf(), ["alpha"]);
  assert.deepEqual(await suspectsOf(), certain);
});
