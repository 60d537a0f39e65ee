// `xsplice plan`: the steps from what a host runs to what it should run, or every reason why there are none.

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ModelHost } from "../src/hosts/model.ts";
import { decodePlan } from "../src/plan/plan-json.ts";
import { syntheticModel, syntheticPayload } from "../src/xen-model/synthetic.test.support.ts";
import { all, first, folder, hostWith, make, second, third } from "./cli-plan-host.ts";
import { runXsplice } from "./run-cli.ts";

test("plan shows the steps of a replace, what becomes of each function, and that no fix is missing", async () => {
  const host = await hostWith(first, second);
  const run = await runXsplice(["plan", "--to", all.path], { host });
  assert.equal(run.stderr, "");
  assert.equal(
    run.stdout.replaceAll(folder, "FOLDER"),
    `applied now:  first, second

Steps, with 1 rendezvous of all CPUs:
  1  upload   all, from FOLDER/all.livepatch
  2  replace  all, in place of all that is applied
              patched again: alpha, beta, gamma
  3  unload   second
  4  unload   first

No fix that is there before and afterwards is missing at any moment.
applied then: all
`,
  );
  assert.equal(run.exitCode, 0);
  assert.deepEqual(host.model.applied, ["first", "second"]);
});

test("plan --revert takes one out of the middle, puts back those above, and says which fixes are missing meanwhile", async () => {
  const host = await hostWith(
    first,
    third,
    make("fourth", { mode: "independent", functions: ["marked"] }),
  );
  const run = await runXsplice(["plan", "--revert", "third"], { host });
  assert.equal(
    run.stdout,
    `applied now:  first, third, fourth

Steps, with 3 rendezvous of all CPUs:
  1  revert   fourth
              reverted: marked
  2  revert   third
              reverted: delta
  3  apply    fourth, on whatever is applied (--nodeps)
              newly patched: marked
  4  unload   third

WARNING: fixes are missing for a moment
  between steps 1 and 3: marked
  because: Cannot apply "first": it depends on the hypervisor alone, and "fourth" is below it
Note: "fourth" is reverted and put back.
Unchanged: alpha, beta, marked.
Not patched any more: delta.
applied then: first, fourth
`,
  );
  const strict = await runXsplice(["plan", "--gapless", "--revert", "third"], { host });
  assert.equal(strict.exitCode, 2);
  assert.match(
    strict.stdout,
    /Cannot reach the wanted state without a moment in which a fix is missing\n {2}where: {4}marked\n/,
  );
});

test("plan refuses with every reason, and with exit code 2", async () => {
  const host = await hostWith(first);
  const rival = make("rival", { mode: "independent", functions: ["alpha"] });
  const overlap = await runXsplice(["plan", "--to", first.path, "--to", rival.path], { host });
  assert.equal(overlap.exitCode, 2);
  assert.match(
    overlap.stdout,
    /Cannot have both "(first|rival)" and "(first|rival)" applied: they change the same code\n {2}where: {4}alpha/,
  );
  const missing = await runXsplice(["plan", "--json", "--to", second.path], { host });
  assert.equal(missing.exitCode, 2);
  const { refused } = JSON.parse(missing.stdout);
  assert.equal(refused[0].code, "plan/missing-link");
  assert.match(refused[0].problem, /"second": it depends on "first"/);
});

test("plan lifts a payload with data only when it is allowed that the data starts afresh", async () => {
  const host = await hostWith(
    first,
    third,
    make("upper", { mode: "independent", functions: ["marked"], data: "writable" }),
  );
  const args = ["plan", "--revert", "third", "--payload", join(folder, "upper.livepatch")];
  const refused = await runXsplice(args, { host });
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stdout, /Cannot revert "upper" and apply it again: its data would be reset/);
  const allowed = await runXsplice([...args, "--allow-fresh-data"], { host });
  assert.equal(allowed.exitCode, 0);
  assert.match(allowed.stdout, /unload {3}upper\n.*upload {3}upper, from/s);
  assert.match(allowed.stdout, /Note: the data of "upper" is reset\./);
});

test("plan --json prints what decodePlan() reads, with the fingerprint of the host's state", async () => {
  const host = await hostWith(first);
  const args = ["plan", "--json", "--to-dir", folder.concat("/chosen")];
  const missing = await runXsplice(args, { host });
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stdout, /Cannot read the directory/);
  const run = await runXsplice(["plan", "--json", "--to", second.path, "--to", first.path], {
    host,
  });
  const plan = decodePlan(run.stdout, "plan.json");
  assert.deepEqual(plan.stack, ["first", "second"]);
  assert.deepEqual(
    plan.steps.map(({ action, name }) => `${action} ${name}`),
    ["upload second", "apply second"],
  );
  await runXsplice(["revert", "first"], { host });
  const other = await runXsplice(["plan", "--json", "--to", second.path, "--to", first.path], {
    host,
  });
  assert.notEqual(decodePlan(other.stdout, "plan.json").fingerprint, plan.fingerprint);
});

test("plan refuses a payload that the release would refuse, or die of", async () => {
  const host = new ModelHost(syntheticModel("4.18.0"));
  const run = await runXsplice(["plan", "--to", first.path], { host });
  assert.equal(run.exitCode, 1);
  assert.match(
    run.stderr,
    /Cannot load ".*first.livepatch": section ".livepatch.funcs" is read-only/,
  );
});

test("plan wants exactly one goal", async () => {
  const host = await hostWith();
  for (const [args, words] of [
    [["plan"], /expected: --to FILE\.\.\. \(or --to-dir, --to-nothing or --revert\)/],
    [["plan", "--to", first.path, "--revert", "first"], /--to does not go with --revert: a host/],
  ] as const) {
    const run = await runXsplice(args, { host });
    assert.equal(run.exitCode, 64);
    assert.match(run.stderr, words);
  }
});

test("plan replaces what xSplice made without a journal and a file, and knows a hook that prevents it", async () => {
  const wish = make("next", { mode: "cumulative", functions: ["alpha", "beta", "gamma"] });
  const steps = async (applied: typeof first) => {
    const host = await hostWith(applied);
    host.journal.text = undefined;
    const run = await runXsplice(["plan", "--to", wish.path, "--json"], { host });
    const plan = decodePlan(run.stdout, "plan");
    const words = plan.steps.map(({ action, name }) => `${action} ${name}`);
    return { words, whyMissing: plan.whyMissing.join() };
  };
  const free = await steps(all);
  assert.deepEqual(free.words, ["upload next", "replace next", "unload all"]);
  assert.equal(free.whyMissing, "");
  const hooked = await steps(make("hooked", { hooks: ["prerevert"] }));
  assert.ok(!hooked.words.includes("replace next"));
  assert.match(hooked.whyMissing, /"hooked" has a prerevert hook/);
});

test("plan and sync refuse a moment without a fix that the file of a foreign payload may spare", async () => {
  const bytes = syntheticPayload({ id: "f0", entries: [{ old: "alpha", by: "new_alpha" }] });
  const path = join(folder, "foreign.livepatch");
  writeFileSync(path, bytes);
  const host = await hostWith();
  await runXsplice(["load", path], { host });
  host.journal.text = undefined;
  for (const verb of ["plan", "sync"]) {
    const refused = await runXsplice([verb, "--to", all.path], { host });
    assert.equal(refused.exitCode, 2, refused.stderr);
    assert.match(refused.stdout, /"foreign" can be replaced.*\n(.*\n)*.*--payload/);
    assert.deepEqual(host.model.applied, ["foreign"]);
  }
  const run = await runXsplice(["sync", "--to", all.path, "--payload", path], { host });
  assert.equal(run.exitCode, 0, run.stderr);
  assert.match(run.stdout, /replace {2}all[\s\S]*No fix .* is missing at any moment/);
});

test("plan --to-dir takes no folder without payloads for the wish that nothing should be applied", async () => {
  const host = await hostWith(first);
  const empty = mkdtempSync(join(folder, "empty-"));
  const refused = await runXsplice(["plan", "--to-dir", empty], { host });
  assert.equal(refused.exitCode, 64);
  assert.match(refused.stderr, /it contains no payload\n(.*\n)*.*--to-nothing/);
  const asked = await runXsplice(["plan", "--to-nothing"], { host });
  assert.equal(asked.exitCode, 0, asked.stderr);
  assert.match(asked.stdout, /Not patched any more: alpha, beta\.\napplied then: nothing\n$/);
  const both = await runXsplice(["plan", "--to-nothing", "--to", all.path], { host });
  assert.equal(both.exitCode, 64);
});
