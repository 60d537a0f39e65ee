import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { sha256 } from "../../bytes/sha256.ts";
import type { AppliedKept } from "../../host/boot-store.ts";
import { shareFile } from "../../lab/share-file.ts";
import { call, FakeDom0 } from "./fake-boot.test.support.ts";
import { ScriptBootStore } from "./store.ts";

const dom0s: FakeDom0[] = [];
after(() => {
  for (const { folder } of dom0s) rmSync(folder, { recursive: true, force: true });
});

async function enabled(): Promise<FakeDom0> {
  const dom0 = new FakeDom0();
  dom0s.push(dom0);
  await dom0.boot.enable(600, call);
  return dom0;
}

const xenBuildId = "ab".repeat(20);
const fix: AppliedKept = {
  name: "fix",
  // Bytes that a text or a shell would not leave alone.
  bytes: Uint8Array.from({ length: 70_000 }, (_, index) => index % 256),
  dependencyCheck: "whole-chain",
};
const digest = sha256(fix.bytes ?? "");

test("isEnabled() is false until enable(), and after disable()", async () => {
  const dom0 = new FakeDom0();
  dom0s.push(dom0);
  assert.equal(await dom0.boot.isEnabled(call), false);
  assert.equal((await dom0.boot.report(call)).service, "off");
  assert.equal(await dom0.boot.enable(600, call), "manual");
  assert.equal(await dom0.boot.isEnabled(call), true);
  const report = await dom0.boot.report(call);
  assert.deepEqual(
    [report.service, report.script, report.settleSeconds],
    ["manual", "current", 600],
  );
  await dom0.boot.disable(call);
  assert.equal(await dom0.boot.isEnabled(call), false);
  assert.equal((await dom0.boot.report(call)).script, "none");
});

test("keep() brings files over byte by byte, and knows them again by name until the reboot", async () => {
  const dom0 = await enabled();
  const idle = { name: "idle one", bytes: Buffer.from("idle") };
  await dom0.boot.keep({ xenBuildId, applied: [fix], idle: [idle] }, call);
  const files = readdirSync(join(dom0.store, "payloads")).sort();
  assert.deepEqual(files, [digest, sha256("idle")].sort());
  const again = { name: "idle one", bytes: undefined, dependencyCheck: "whole-chain" } as const;
  const bare = { ...fix, bytes: undefined };
  const outcome = await dom0.boot.keep({ xenBuildId, applied: [bare, again], idle: [] }, call);
  assert.deepEqual(outcome, { order: "known", unknown: [], quarantined: [] });
  const { lists } = await dom0.boot.report(call);
  assert.deepEqual(lists, [
    {
      xenBuildId,
      payloads: [
        { name: "fix", sha256: digest },
        { name: "idle one", sha256: sha256("idle") },
      ],
    },
  ]);
  dom0.reboot();
  const later = await dom0.boot.keep({ xenBuildId, applied: [bare], idle: [] }, call);
  assert.deepEqual(later.unknown, ["fix"]);
});

test("keep() keeps nothing that is not applied any more, and everything for other hypervisors", async () => {
  const dom0 = await enabled();
  const other = { ...fix, name: "other", bytes: Buffer.from("other") };
  await dom0.boot.keep({ xenBuildId: "cd".repeat(20), applied: [other], idle: [] }, call);
  await dom0.boot.keep({ xenBuildId, applied: [fix], idle: [] }, call);
  await dom0.boot.keep({ xenBuildId, applied: [], idle: [] }, call);
  assert.deepEqual(readdirSync(join(dom0.store, "payloads")), [sha256("other")]);
  const { lists } = await dom0.boot.report(call);
  const named = lists.map((list) => [list.xenBuildId, list.payloads?.map(({ name }) => name)]);
  assert.deepEqual(named, [
    [xenBuildId, []],
    ["cd".repeat(20), ["other"]],
  ]);
  assert.deepEqual((await dom0.boot.report(call)).young, []);
});

test("keep() of an unknown order has the next boot apply nothing", async () => {
  const dom0 = await enabled();
  const outcome = await dom0.boot.keep({ xenBuildId, applied: undefined, idle: [] }, call);
  assert.equal(outcome.order, "unknown");
  dom0.reboot();
  assert.equal(dom0.script("start"), 1);
  assert.deepEqual(dom0.applied, []);
});

test("keep() refuses names that a line cannot hold", async () => {
  const dom0 = await enabled();
  for (const name of ["two\nlines", " leading", "back\\slash", "trailing "]) {
    const set = { xenBuildId, applied: [{ ...fix, name }], idle: [] };
    await assert.rejects(dom0.boot.keep(set, call), /Cannot keep payload/);
  }
});

test("keep() that is cut short on the way keeps what was there", async () => {
  const dom0 = await enabled();
  await dom0.boot.keep({ xenBuildId, applied: [fix], idle: [] }, call);
  const cut = new ScriptBootStore("a dom0", (remote, deadline) => {
    const { stdin } = remote;
    return dom0.run({ ...remote, ...(stdin && { stdin: stdin.subarray(0, -1) }) }, deadline);
  });
  const other = { ...fix, name: "other", bytes: Buffer.from("other") };
  await assert.rejects(
    cut.keep({ xenBuildId, applied: [fix, other], idle: [] }, call),
    /cut short on the way/,
  );
  const { lists } = await dom0.boot.report(call);
  assert.deepEqual(lists[0]?.payloads, [{ name: "fix", sha256: digest }]);
  assert.ok(!existsSync(join(dom0.store, "payloads", sha256("other"))));
  await assert.rejects(cut.enable(600, call), /cut short on the way/);
});

test("enable() installs units where there is systemd, disable() removes them", async () => {
  const dom0 = new FakeDom0();
  dom0s.push(dom0);
  dom0.system = "running";
  assert.equal(await dom0.boot.enable(600, call), "systemd");
  const units = ["xsplice-boot.service", "xsplice-settle.service", "xsplice-settle.timer"];
  assert.deepEqual(readdirSync(dom0.units).sort(), units);
  for (const unit of units) {
    const installed = readFileSync(join(dom0.units, unit), "utf8");
    assert.equal(installed, readFileSync(shareFile(`boot/${unit}`), "utf8"));
  }
  assert.equal((await dom0.boot.report(call)).service, "systemd");
  assert.ok(dom0.systemctl.includes("enable xsplice-boot.service xsplice-settle.timer"));
  await dom0.boot.disable(call);
  assert.deepEqual(readdirSync(dom0.units), []);
  assert.ok(dom0.systemctl.includes("disable xsplice-boot.service"));
});
