import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { cannotLock } from "../src/hosts/lock-file.ts";
import { ModelHost } from "../src/hosts/model.ts";
import { syntheticModel, syntheticXenSyms } from "../src/xen-model/synthetic.test.support.ts";
import { payloadFiles } from "./plan-payloads.ts";
import { runXsplice } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-sync-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const make = payloadFiles(folder, 2000);

const first = make("first", { functions: ["alpha", "beta"] });
const second = make("second", { functions: ["beta", "gamma"], on: [first] });
const free = make("free", { mode: "independent", functions: ["delta"] });
const other = make("other", { mode: "independent", functions: ["gamma"] });
const all = make("all", { mode: "cumulative", functions: ["alpha", "beta", "gamma"] });
/** Xen notices when it has reverted the others: what it expects lies under their jumps. */
const wrong = make("wrong", {
  mode: "cumulative",
  functions: ["alpha"],
  expects: "another-entry",
});

function newHost(): ModelHost {
  return new ModelHost(syntheticModel());
}

async function hostWithStack(): Promise<ModelHost> {
  const host = newHost();
  const { exitCode } = await runXsplice(["sync", "--to", first.path, second.path], {
    host,
  });
  assert.equal(exitCode, 0);
  return host;
}

test("sync shows the plan, then each step, and ends with the host as wished", async () => {
  const host = newHost();
  const run = await runXsplice(["sync", "--to", second.path, "--to", first.path], { host });
  assert.equal(run.exitCode, 0, run.stderr);
  assert.match(
    run.stdout,
    /^applied now: {2}nothing\n[\s\S]*applied then: first, second\nDone\.\n$/,
  );
  assert.equal(
    run.stderr,
    `step 1 of 4: upload first
step 2 of 4: upload second
step 3 of 4: apply first
step 4 of 4: apply second
`,
  );
  assert.deepEqual(host.model.applied, ["first", "second"]);
  const again = await runXsplice(["sync", "--to-dir", folder, "--json"], { host });
  assert.equal(again.exitCode, 2, "all of them at once is no way");
  assert.ok(JSON.parse(again.stdout).refused.length > 0);
});

test("sync follows a plan from a file, and refuses it once the host has changed", async () => {
  const host = await hostWithStack();
  const plan = await runXsplice(["plan", "--to", all.path, "--json"], { host });
  const path = join(folder, "plan.json");
  writeFileSync(path, plan.stdout);
  const run = await runXsplice(["sync", "--plan", path, "--json"], { host });
  assert.equal(run.exitCode, 0, run.stdout);
  const report = JSON.parse(run.stdout);
  assert.equal(report.outcome, "done");
  assert.ok(!("continues" in report), "there is nothing to go on with");
  assert.deepEqual(report.stack.names, ["all"]);
  assert.deepEqual(host.model.applied, ["all"]);
  const late = await runXsplice(["sync", "--plan", path], { host });
  assert.equal(late.exitCode, 1);
  assert.match(late.stderr, /the host has changed since it was made/);
  const both = await runXsplice(["sync", "--plan", path, "--revert", "all"], { host });
  assert.equal(both.exitCode, 64);
});

test("sync says that the plan names a file that is not there", async () => {
  const host = await hostWithStack();
  const { stdout } = await runXsplice(["plan", "--to", all.path, "--json"], { host });
  const path = join(folder, "moved.json");
  writeFileSync(path, stdout);
  renameSync(all.path, `${all.path}.gone`);
  const run = await runXsplice(["sync", "--plan", path], { host });
  renameSync(`${all.path}.gone`, all.path);
  assert.equal(run.exitCode, 1);
  assert.match(
    run.stderr,
    /Cannot follow the plan ".*moved\.json": a payload that it names is not there/,
  );
  assert.match(run.stderr, /all\.livepatch/);
});

test("sync refuses a plan that lacks a step, and one whose payload is another file by now", async () => {
  const host = await hostWithStack();
  const { stdout } = await runXsplice(["plan", "--to", all.path, "--json"], { host });
  const path = join(folder, "sealed.json");
  const plan = JSON.parse(stdout);
  writeFileSync(path, JSON.stringify({ ...plan, steps: plan.steps.slice(0, -1) }));
  const cut = await runXsplice(["sync", "--plan", path], { host });
  assert.equal(cut.exitCode, 1);
  assert.match(cut.stderr, /sealed\.json": it was changed after it was made\n/);
  writeFileSync(path, stdout);
  const bytes = readFileSync(all.path);
  writeFileSync(all.path, readFileSync(free.path));
  const other = await runXsplice(["sync", "--plan", path], { host });
  writeFileSync(all.path, bytes);
  assert.equal(other.exitCode, 1);
  assert.match(other.stderr, /all\.livepatch" is not the file that it was made with\n/);
  assert.deepEqual(host.model.applied, ["first", "second"]);
});

test("sync brings the host back when a replace fails half-way, and says why it failed", async () => {
  const host = await hostWithStack();
  const run = await runXsplice(["sync", "--to", wrong.path], { host });
  assert.equal(run.exitCode, 1);
  assert.match(run.stdout, /Cannot replace all applied payloads by payload "wrong"/);
  assert.match(run.stdout, /The host is as it was\.\napplied now: first, second\n$/);
  assert.match(run.stderr, /way back, step 1 of 3: apply first\n/);
  assert.deepEqual(host.model.applied, ["first", "second"]);
});

test("sync tries all steps on the model first when it has a xen-syms", async () => {
  const host = await hostWithStack();
  const symbols = join(folder, "xen-syms");
  writeFileSync(symbols, syntheticXenSyms());
  const known = ["--payload", first.path, "--payload", second.path, "--xen-syms", symbols];
  const refused = await runXsplice(["sync", "--to", wrong.path, ...known], { host });
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /step 2 of 4, replace "wrong", would fail/);
  assert.equal(host.model.list().length, 2, "nothing was uploaded");
  const run = await runXsplice(["sync", "--to", all.path, ...known], { host });
  assert.equal(run.exitCode, 0, run.stderr);
});

test("sync stops between two steps at ^C, says what is missing, and names the command that goes on", async () => {
  const host = newHost();
  const begin = await runXsplice(["sync", "--to", free.path, "--to", other.path], { host });
  assert.equal(begin.exitCode, 0, begin.stdout);
  const stop = new AbortController();
  const act = host.act.bind(host);
  host.act = (action, name, options) => {
    stop.abort();
    return act(action, name, options);
  };
  const wish = ["sync", "--revert", free.name, "--payload", free.path, "--yes"];
  const run = await runXsplice(wish, { host, signal: stop.signal });
  assert.equal(run.exitCode, 130);
  assert.match(
    run.stdout,
    /WARNING: fixes are missing now: gamma.*\nStopped after 1 of 3 steps\.\napplied now: free\n/,
  );
  assert.ok(run.stdout.endsWith(`To go on: xsplice ${wish.join(" ")}\n`), run.stdout);
  host.act = act;
  assert.equal((await runXsplice(wish, { host })).exitCode, 0);
  assert.deepEqual(host.model.applied, ["other"]);
});

const costly: Readonly<Record<string, readonly string[]>> = {
  "everything is removed": ["--to-nothing"],
  "a fix is missing for a moment": ["--revert", free.name, "--payload", free.path],
};
for (const [what, wish] of Object.entries(costly)) {
  test(`sync wants --yes where ${what}, and does nothing without it`, async () => {
    const host = newHost();
    const begin = await runXsplice(["sync", "--to", free.path, "--to", other.path], { host });
    assert.equal(begin.exitCode, 0, begin.stderr);
    const refused = await runXsplice(["sync", ...wish, "--json"], { host });
    assert.equal(refused.exitCode, 2);
    const { version, error } = JSON.parse(refused.stdout);
    assert.equal(version, 1);
    assert.equal(error.code, "sync/not-agreed");
    assert.match(
      error.where,
      /everything that is applied is removed: free, other|is missing between/,
    );
    assert.deepEqual(host.model.applied, ["free", "other"]);
    for (const [answer, exitCode] of Object.entries({ "no\n": 2, "\n": 2, "": 2, "y\n": 0 })) {
      const asked = await runXsplice(["sync", ...wish], { host, person: answer });
      assert.equal(asked.exitCode, exitCode, asked.stderr);
      assert.match(asked.stderr, /Go on\? \[y\/N\] /);
    }
    const again = await runXsplice(["sync", "--to", free.path, "--to", other.path], { host });
    assert.equal(again.exitCode, 0, again.stderr);
    assert.equal((await runXsplice(["sync", ...wish, "-y"], { host })).exitCode, 0);
  });
}

test("sync tells before the first step that nobody can be kept away, and why", async () => {
  const lock = async () => {
    throw cannotLock("/var/lib/xsplice/sync.lock on dom0", "sh: 3: flock: not found");
  };
  const host = Object.assign(newHost(), { lock });
  const { stdout, stderr, exitCode } = await runXsplice(["sync", "--to", first.path], { host });
  assert.equal(exitCode, 0);
  assert.match(stderr, /^Note: .*: the program flock is missing, which locks .*\nstep 1 of 2/);
  assert.doesNotMatch(stdout, /flock/, "it is told once");
});

test("sync and plan --to-dir take what is for the host's hypervisor, and say what they pass over", async () => {
  const mixed = mkdtempSync(join(folder, "mixed-"));
  for (const { path } of [first, second]) copyFileSync(path, join(mixed, basename(path)));
  const otherId = "5a".repeat(20);
  payloadFiles(mixed, 2500)("elsewhere", { functions: ["alpha"], xen: otherId });
  const host = newHost();
  const words = /^Note: passed over .*elsewhere\.livepatch: it is for hypervisor (5a){20}\.$/m;
  const planned = await runXsplice(["plan", "--to-dir", mixed], { host });
  assert.equal(planned.exitCode, 0, planned.stdout);
  assert.match(planned.stderr, words);
  const run = await runXsplice(["sync", "--to-dir", mixed], { host });
  assert.equal(run.exitCode, 0, run.stderr);
  assert.match(run.stderr, words);
  assert.deepEqual(host.model.applied, ["first", "second"]);
  for (const { path } of [first, second]) rmSync(join(mixed, basename(path)));
  const none = await runXsplice(["sync", "--to-dir", mixed], { host });
  assert.equal(none.exitCode, 64);
  assert.match(none.stderr, /no payload of the directory is for this hypervisor/);
  assert.deepEqual(host.model.applied, ["first", "second"]);
});
