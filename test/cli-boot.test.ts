// `xsplice boot`, and what other commands do for the next boot: a host in memory, whose dom0 keeps files by the
// real scripts.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, test } from "node:test";
import { call, FakeDom0 } from "../src/hosts/boot/fake-boot.test.support.ts";
import { ModelHost } from "../src/hosts/model.ts";
import { syntheticModel } from "../src/xen-model/synthetic.test.support.ts";
import { payloadFiles } from "./plan-payloads.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";

const dom0s: FakeDom0[] = [];
after(() => {
  for (const { folder } of dom0s) rmSync(folder, { recursive: true, force: true });
});

function newHost() {
  const dom0 = new FakeDom0();
  dom0s.push(dom0);
  const make = payloadFiles(dom0.folder, 4000);
  const first = make("first", { functions: ["alpha", "beta"] });
  const second = make("second", { functions: ["beta", "gamma"], on: [first] });
  const free = make("free", { mode: "independent", functions: ["delta"] });
  const model = new ModelHost(syntheticModel());
  const host: ModelHost = Object.assign(model, { boot: dom0.boot });
  const xsplice = (...args: readonly string[]): Promise<CliRun> => runXsplice(args, { host });
  const kept = async (): Promise<readonly string[]> => {
    const { lists } = await dom0.boot.report(call);
    return (lists[0]?.payloads ?? []).map(({ name, sha256 }) =>
      sha256 === undefined ? `${name}?` : name,
    );
  };
  return { dom0, host, xsplice, kept, files: { first, second, free } };
}

test("a command keeps what is applied once boot is enabled, and says nothing of it", async () => {
  const { xsplice, kept, files } = newHost();
  await xsplice("load", files.free.path);
  assert.deepEqual(await kept(), []);
  const enabled = await xsplice("boot", "enable", "--payload", files.free.path);
  assert.equal(enabled.exitCode, 0, enabled.stdout);
  assert.deepEqual(await kept(), ["free"]);
  const run = await xsplice("sync", "--to", files.first.path, files.second.path);
  assert.equal(run.exitCode, 0, run.stderr);
  assert.doesNotMatch(run.stderr, /warning/);
  assert.deepEqual(await kept(), ["first", "second"]);
  await xsplice("revert", "second");
  assert.deepEqual(await kept(), ["first"]);
  await xsplice("apply", "second");
  assert.deepEqual(await kept(), ["first", "second"], "its file is still known");
});

test("boot enable tells of payloads whose file is not known, and status of what follows", async () => {
  const { xsplice, kept, files } = newHost();
  await xsplice("load", files.first.path);
  const enabled = await xsplice("boot", "enable");
  assert.equal(enabled.exitCode, 2);
  assert.match(enabled.stdout, /will apply neither "first", whose file is not known/);
  assert.deepEqual(await kept(), ["first?"]);
  const status = await xsplice("boot", "status");
  assert.equal(status.exitCode, 2);
  assert.match(status.stdout, /the file of "first" is not known/);
  const again = await xsplice("boot", "enable", "--payload", files.first.path, "--json");
  assert.deepEqual(JSON.parse(again.stdout), {
    version: 1,
    service: "manual",
    settleSeconds: 600,
    order: "known",
    unknown: [],
    quarantined: [],
  });
  assert.equal((await xsplice("boot", "status")).exitCode, 0);
});

test("boot status tells what differs from what is applied; disable leaves it all alone", async () => {
  const { host, xsplice, kept, files } = newHost();
  await xsplice("boot", "enable");
  await xsplice("load", files.free.path);
  const act = { ...call, dependencyCheck: "whole-chain", quiesceMs: 30 } as const;
  await host.act("revert", "free", act);
  const status = await xsplice("boot", "status", "--json");
  const { troubles } = JSON.parse(status.stdout);
  assert.deepEqual(troubles, [{ kind: "not-applied", name: "free" }]);
  assert.equal((await xsplice("boot", "disable")).exitCode, 0);
  assert.match((await xsplice("boot", "status")).stdout, /applies nothing after a reboot/);
  assert.deepEqual(await kept(), ["free"]);
  await xsplice("apply", "free");
  assert.equal((await xsplice("boot", "enable")).exitCode, 0, "its file is still known");
});

test("boot release names what is set aside when it is asked for something else", async () => {
  const { xsplice } = newHost();
  await xsplice("boot", "enable");
  const run = await xsplice("boot", "release", "nobody");
  assert.equal(run.exitCode, 64);
  assert.match(run.stderr, /"nobody": it is not set aside[\s\S]*nothing is set aside there/);
});

test("a command that cannot keep what it has applied says so, and has still done it", async () => {
  const { dom0, xsplice, files } = newHost();
  await xsplice("boot", "enable");
  rmSync(`${dom0.store}/payloads`, { recursive: true });
  const run = await xsplice("load", files.free.path);
  assert.equal(run.exitCode, 0);
  assert.match(
    run.stderr,
    /warning: the next boot will not apply what is applied now: Cannot keep/,
  );
});

test("boot commands refuse a host that has no next boot", async () => {
  const host = new ModelHost(syntheticModel());
  const run = await runXsplice(["boot", "status"], { host });
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /nothing outlives a boot there/);
});

test("after a reboot the journal goes on where the dom0's own script has applied the same again", async () => {
  const { dom0, host, xsplice, kept, files } = newHost();
  await xsplice("boot", "enable");
  await xsplice("sync", "--to", files.first.path, files.second.path, files.free.path);
  const stack = await kept();
  const info = await host.info();
  dom0.buildId = info.buildId ?? assert.fail();
  dom0.setApplied(...stack);
  dom0.script("stop");
  dom0.reboot();
  dom0.script("start");
  assert.deepEqual(dom0.applied, stack);
  host.info = async () => ({ ...info, bootId: dom0.bootId });
  const list = await xsplice("list", "--stack", "--json");
  const { order, lostInReboot } = JSON.parse(list.stdout);
  assert.deepEqual([order, lostInReboot], [{ kind: "known", evidence: "journal" }, undefined]);
  await xsplice("revert", stack.at(-1) ?? "");
  assert.deepEqual(await kept(), stack.slice(0, -1));
});
