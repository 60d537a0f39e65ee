// A depot from its making to a host that follows it, by the command line.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DepotUnderTest, errorOf, XEN_ID } from "./depot-under-test.ts";

const own = new DepotUnderTest();
const { make } = own;
const first = make("first", { functions: ["alpha", "beta"] });
const second = make("second", { functions: ["beta", "gamma"], on: [first] });
const free = make("free", { mode: "independent", functions: ["delta"] });
const all = make("all", { mode: "cumulative", functions: ["alpha", "beta", "gamma"] });
const elsewhere = make("elsewhere", { functions: ["alpha"], xen: "5a".repeat(20) });

before(async () => {
  await own.begin();
});
after(() => own.remove());

test("depot add refuses what fits no base, what has no foundation, and what Xen would refuse", async () => {
  const add = ["depot", "add", own.depot, "--channel", "edge", "--json"];
  const stranger = await own.try([...add, elsewhere.path]);
  assert.equal(errorOf(stranger).code, "depot/bad-request");
  const forced = await own.try([...add, elsewhere.path, "--to-base", "Small Xen"]);
  assert.match(errorOf(forced).problem, /it is for another hypervisor than its base/);
  const hanging = await own.try([...add, second.path]);
  assert.equal(errorOf(hanging).code, "depot/refused-payload");
  assert.match(errorOf(hanging).problem, /played alone on the model of its base, Xen refuses it/);
});

test("update brings a host to what its channel has, and status says which fixes that puts in force", async () => {
  await own.add(first, "edge", "--fix", "XSA-1 CVE-2026-0001 alpha checks nothing");
  await own.add(second, "edge", "--fix", "XSA-2 gamma, too");
  const reboot = ["--needs-reboot", "XSA-3 CVE-2026-0003 init", "--reason", "changes init code"];
  await own.run(
    "depot",
    "add",
    own.depot,
    "--channel",
    "edge",
    "--to-base",
    "Small Xen",
    ...reboot,
  );
  await own.publish();
  await own.trust(own.depot, "--channel", "edge");
  const before = await own.try(["status"]);
  assert.equal(before.exitCode, 2);
  assert.match(before.stdout, /MISSING: {6}XSA-1 CVE-2026-0001 alpha checks nothing\n/);
  assert.match(before.stdout, /NEEDS REBOOT: XSA-3 CVE-2026-0003 init \(changes init code\)\n/);
  const dry = await own.run("update", "--dry-run");
  assert.match(dry.stdout, /applied then: first, second\n/);
  assert.deepEqual(own.applied, []);
  await own.run("update");
  assert.deepEqual(own.applied, ["first", "second"]);
  const status = JSON.parse((await own.try(["status", "--json"])).stdout);
  assert.equal(status.isAsWished, true);
  assert.equal(status.xenBuildId, XEN_ID);
  assert.deepEqual(
    status.fixes.map(({ advisory, state }: Record<string, string>) => [advisory, state]),
    [
      ["XSA-1", "in-force"],
      ["XSA-2", "in-force"],
      ["XSA-3", "needs-reboot"],
    ],
  );
  const again = await own.run("update");
  assert.match(again.stdout, /nothing/i);
});

test("depot promote brings the same files to another channel, once it is published", async () => {
  const stable = ["update", "--channel", "stable", "--json"];
  const nothing = await own.try(stable);
  assert.equal(errorOf(nothing).code, "depot/no-wish");
  await own.run("depot", "promote", own.depot, "--from", "edge", "--to", "stable");
  const unpublished = await own.try(["depot", "status", own.depot]);
  assert.equal(unpublished.exitCode, 2);
  assert.match(unpublished.stdout, /attention: channel stable has changes that are not published/);
  await own.publish();
  const files = (channel: string) => readdirSync(join(own.depot, "targets", channel, XEN_ID));
  const payloads = (channel: string) =>
    files(channel).filter((name) => name.endsWith(".livepatch"));
  assert.deepEqual(payloads("stable"), payloads("edge"));
  const run = await own.try(stable);
  assert.equal(run.exitCode, 0, run.stdout);
  assert.deepEqual(own.applied, ["first", "second"]);
});

test("depot revoke takes a payload from hosts with their next update, and never what others stand on", async () => {
  const revoke = ["depot", "revoke", own.depot, "--channel", "edge"];
  const below = await own.try([...revoke, "first", "--json"]);
  assert.match(errorOf(below).problem, /Cannot revoke "first" alone: "second" was built on it/);
  await own.run(...revoke, "second");
  await own.publish();
  const status = await own.try(["status"]);
  assert.match(status.stdout, /to be removed: second\nnext: xsplice update\n/);
  await own.run("update");
  assert.deepEqual(own.applied, ["first"]);
});

test("depot add lets a cumulative payload take the place of all others", async () => {
  const added = await own.add(all, "edge");
  assert.match(added.stdout, /in place of first\n/);
  await own.publish();
  await own.run("update");
  assert.deepEqual(own.applied, ["all"]);
});

test("update leaves alone what the depot has never named, and says how it goes", async () => {
  await own.run("upload", "free", free.path);
  const refused = await own.try(["update", "--json"]);
  assert.equal(errorOf(refused).code, "depot/others");
  assert.match(errorOf(refused).where ?? "", /^free \(checked\)$/);
  assert.deepEqual(own.applied, ["all"]);
  await own.run("update", "--remove-others");
  assert.deepEqual(
    own.host.model.list().map(({ name }) => name),
    ["all"],
  );
});

test("update wants consent before everything is removed", async () => {
  await own.run("depot", "revoke", own.depot, "all", "--channel", "edge");
  await own.publish();
  const refused = await own.try(["update", "--json"]);
  assert.equal(errorOf(refused).code, "sync/not-agreed");
  assert.deepEqual(own.applied, ["all"]);
  await own.run("update", "--yes");
  assert.deepEqual(own.applied, []);
});

test("depot publish writes nothing secret, and the same wish as the same bytes", async () => {
  const wishes = () =>
    readdirSync(join(own.depot, "targets"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("wish.json"),
    );
  const before = wishes();
  const timestamp = readFileSync(join(own.depot, "metadata/timestamp.json"), "utf8");
  await own.publish();
  assert.deepEqual(wishes(), before);
  assert.notEqual(readFileSync(join(own.depot, "metadata/timestamp.json"), "utf8"), timestamp);
  for (const name of readdirSync(own.keys)) {
    const key = JSON.parse(readFileSync(join(own.keys, name), "utf8"));
    assert.deepEqual(Object.keys(key).sort(), [
      "format",
      "nonce",
      "public",
      "role",
      "scrypt",
      "seed",
      "tag",
    ]);
  }
});
