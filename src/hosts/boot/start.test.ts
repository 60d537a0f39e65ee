import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { sha256 } from "../../bytes/sha256.ts";
import type { AppliedKept } from "../../host/boot-store.ts";
import { call, FakeDom0 } from "./fake-boot.test.support.ts";

const dom0s: FakeDom0[] = [];
after(() => {
  for (const { folder } of dom0s) rmSync(folder, { recursive: true, force: true });
});

const SETTLE_SECONDS = 100;

function kept(name: string, text: string): AppliedKept {
  return { name, bytes: Buffer.from(text), dependencyCheck: "whole-chain" };
}

const first = kept("first", "one");
const second: AppliedKept = { ...kept("second of two", "two"), dependencyCheck: "hypervisor-only" };
const third = kept("third", "three");

/** A dom0 on which these payloads are applied and kept, for long enough if they are to be `safe`. */
async function dom0With(age: "safe" | "young", ...applied: AppliedKept[]): Promise<FakeDom0> {
  const dom0 = new FakeDom0();
  dom0s.push(dom0);
  await dom0.boot.enable(SETTLE_SECONDS, call);
  dom0.setApplied(...applied.map(({ name }) => name));
  const { buildId: xenBuildId } = dom0;
  const outcome = await dom0.boot.keep({ xenBuildId, applied, idle: [] }, call);
  assert.deepEqual(outcome, { order: "known", unknown: [], quarantined: [] });
  if (age === "safe") {
    dom0.upSeconds += SETTLE_SECONDS;
    dom0.script("settle");
  }
  return dom0;
}

test("start applies what was applied, in its order and in its way", async () => {
  const dom0 = await dom0With("safe", first, second, third);
  dom0.reboot();
  assert.equal(dom0.script("start"), 0);
  assert.deepEqual(dom0.applied, ["first", "second of two", "third"]);
  assert.deepEqual(dom0.applies, ["first ", "second of two --nodeps", "third "]);
  const { last, quarantined } = await dom0.boot.report(call);
  assert.equal(last?.ending, "done");
  assert.deepEqual(last?.applied, dom0.applied);
  assert.deepEqual(quarantined, []);
});

test("start applies again what was applied for a shorter time, after a shutdown", async () => {
  const dom0 = await dom0With("young", first, second);
  dom0.script("stop");
  dom0.reboot();
  dom0.script("start");
  assert.deepEqual(dom0.applied, ["first", "second of two"]);
});

test("start sets aside what was applied for a shorter time, without a shutdown", async () => {
  const dom0 = await dom0With("safe", first);
  dom0.setApplied("first", "second of two");
  const { buildId: xenBuildId } = dom0;
  const bare = { ...first, bytes: undefined };
  await dom0.boot.keep({ xenBuildId, applied: [bare, second], idle: [] }, call);
  dom0.reboot();
  assert.equal(dom0.script("start"), 1);
  assert.deepEqual(dom0.applied, ["first"]);
  const { quarantined, last } = await dom0.boot.report(call);
  const sha = sha256("two");
  assert.deepEqual(quarantined, [{ name: "second of two", sha256: sha, why: "young" }]);
  assert.deepEqual(last?.missing, [{ name: "second of two", why: "it is set aside" }]);
  dom0.upSeconds += SETTLE_SECONDS;
  dom0.script("settle");
  await dom0.boot.release([sha], call);
  dom0.reboot();
  dom0.script("start");
  assert.deepEqual(dom0.applied, ["first", "second of two"]);
});

test("start sets aside the payload at which the host crashes, and no other", async () => {
  const bad = kept("bad", "crash");
  const dom0 = await dom0With("safe", first, bad, third);
  dom0.reboot();
  assert.equal(dom0.script("start"), undefined);
  dom0.reboot();
  assert.equal(dom0.script("start"), 1);
  assert.deepEqual(dom0.applied, ["first"]);
  const { quarantined, last } = await dom0.boot.report(call);
  assert.deepEqual(quarantined, [{ name: "bad", sha256: sha256("crash"), why: "applying" }]);
  assert.deepEqual(last?.missing, [
    { name: "bad", why: "it is set aside" },
    { name: "third", why: "one below it is missing" },
  ]);
});

test("start never loops: each crash sets something aside until nothing is left", async () => {
  const dom0 = await dom0With("young", first, second, third);
  for (let boots = 0; boots < 2; boots++) {
    dom0.reboot();
    dom0.script("start");
  }
  assert.deepEqual(dom0.applied, []);
  assert.equal((await dom0.boot.report(call)).quarantined.length, 3);
});

test("start tries again where the CPUs do not meet, and goes no further than a refused file", async () => {
  const dom0 = await dom0With("safe", kept("shy", "busy"), kept("odd", "refuse"), third);
  dom0.reboot();
  assert.equal(dom0.script("start"), 1);
  assert.deepEqual(dom0.applied, ["shy"]);
  const { last } = await dom0.boot.report(call);
  assert.match(last?.missing[0]?.why ?? "", /refuses the file: failed with 22/);
});

const reasons: readonly [string, string, (dom0: FakeDom0) => void][] = [
  [
    "xsplice.boot=off is on the kernel's command line",
    "off",
    (dom0) => {
      dom0.commandLine += " xsplice.boot=off quiet";
    },
  ],
  [
    "the hypervisor is another one",
    "other-hypervisor",
    (dom0) => {
      dom0.buildId = "cd".repeat(20);
    },
  ],
  [
    "the list is of another release",
    "other-format",
    (dom0) => {
      const list = join(dom0.store, "hypervisors", dom0.buildId, "list");
      writeFileSync(list, "xsplice-boot 2\nsomething else\n");
    },
  ],
];
for (const [what, ending, change] of reasons) {
  test(`start applies nothing and reports it when ${what}`, async () => {
    const dom0 = await dom0With("safe", first);
    dom0.reboot();
    change(dom0);
    dom0.script("start");
    assert.deepEqual(dom0.applied, []);
    assert.equal((await dom0.boot.report(call)).last?.ending, ending);
  });
}

test("start applies no file that has changed, and none that is missing", async () => {
  for (const [damage, why] of [
    [(path: string) => writeFileSync(path, "one more"), "its file is damaged"],
    [(path: string) => rmSync(path), "its file is missing"],
  ] as const) {
    const dom0 = await dom0With("safe", first, second);
    damage(join(dom0.store, "payloads", sha256("one")));
    dom0.reboot();
    dom0.script("start");
    assert.deepEqual(dom0.applied, []);
    const { last } = await dom0.boot.report(call);
    assert.deepEqual(last?.missing[0], { name: "first", why });
  }
});

test("start, killed at any step, goes on where it was when it is started again", async () => {
  const dom0 = await dom0With("safe", first);
  await atEachStep(dom0, async (step) => {
    assert.equal(dom0.script("start"), 0, `killed at step ${step}`);
    assert.deepEqual(dom0.applied, ["first"], `killed at step ${step}`);
    assert.deepEqual((await dom0.boot.report(call)).quarantined, []);
  });
});

test("start, when the host dies at any step, sets aside what it was at and nothing below", async () => {
  const dom0 = await dom0With("safe", first, second);
  await atEachStep(dom0, async (step) => {
    dom0.reboot();
    dom0.script("start");
    const { quarantined } = await dom0.boot.report(call);
    const isAside = ({ name }: AppliedKept) => quarantined.some((one) => one.name === name);
    const there = isAside(first) ? [] : isAside(second) ? [first] : [first, second];
    const names = there.map(({ name }) => name);
    assert.deepEqual(dom0.applied, names, `died at step ${step}`);
    const shas = quarantined.map((one) => one.sha256);
    await dom0.boot.release(shas, call);
  });
});

async function atEachStep(dom0: FakeDom0, check: (step: number) => Promise<void>): Promise<void> {
  dom0.reboot();
  dom0.script("start");
  const steps = dom0.calls;
  assert.ok(steps > 10);
  for (let step = 1; step <= steps; step++) {
    dom0.script("stop");
    dom0.reboot();
    dom0.script("start", step);
    await check(step);
  }
}

test("stop has what others reverted stay away", async () => {
  const dom0 = await dom0With("safe", first, second);
  dom0.setApplied("first");
  dom0.script("stop");
  dom0.reboot();
  assert.equal(dom0.script("start"), 0);
  assert.deepEqual(dom0.applied, ["first"]);
});

test("stop by hand is no shutdown: a crash after it counts", async () => {
  const dom0 = await dom0With("young", first);
  dom0.system = "running";
  dom0.script("stop");
  dom0.reboot();
  dom0.script("start");
  assert.deepEqual(dom0.applied, []);
  assert.equal((await dom0.boot.report(call)).quarantined[0]?.why, "young");
});
