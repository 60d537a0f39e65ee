// Attacks and mishaps that are no lies of a mirror: clocks, expiry, the vendor's own mistakes, two at once, a
// depot that disappears, a full disk.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mock, test } from "node:test";
import { lockTrust } from "../../src/depot/trust/state.ts";
import { AttackScene } from "./attack-scene.ts";
import { errorOf } from "./depot-under-test.ts";
import { tally } from "./tally.ts";

const DAY_MS = 86_400_000;

async function withScene(use: (scene: AttackScene) => Promise<void>, ...more: readonly string[]) {
  const scene = await AttackScene.begin(...more);
  try {
    await use(scene);
    tally({ attacks: 1, refused: 1 });
  } finally {
    await scene.end();
  }
}

/** Ends as it was, after this refusal. */
async function expectRefusal(
  { own }: AttackScene,
  code: string,
  words: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const before = own.applied;
  const run = await own.try(["update", "--json"], { env });
  const { problem, where = "" } = errorOf(run);
  assert.equal(errorOf(run).code, code, run.stdout);
  assert.match(`${problem}\n${where}`, words);
  assert.deepEqual(own.applied, before);
}

/** This machine's clock is wrong by so many days. */
async function atDay<Result>(days: number, use: () => Promise<Result>): Promise<Result> {
  mock.timers.enable({ apis: ["Date"], now: Date.now() + days * DAY_MS });
  try {
    return await use();
  } finally {
    mock.timers.reset();
  }
}

test("update refuses a freeze: what was signed too long ago, however valid its signatures", () =>
  withScene(async (scene) => {
    await atDay(8, () =>
      expectRefusal(scene, "depot/expired", /its timestamp was to be believed until/),
    );
    const { own } = scene;
    await atDay(8, () => own.run("depot", "refresh", own.depot, "--keys", own.keys));
    await atDay(8, () => own.run("update"));
    assert.deepEqual(own.applied, ["first", "free"]);
  }));

test("update refuses an expired root, even with all else fresh", () =>
  withScene(
    (scene) =>
      atDay(2, () => expectRefusal(scene, "depot/expired", /its root was to be believed until/)),
    ...["--days", "root=1"],
  ));

test("update tells a clock that is a year ahead for what it may be", () =>
  withScene(async (scene) => {
    await atDay(365, () =>
      expectRefusal(scene, "depot/expired", /this machine: 20\d\d-.*\nthe server: /),
    );
  }));

test("update tells a clock that is a year behind, with which expired words would be believed", () =>
  withScene(async (scene) => {
    await atDay(-365, () =>
      expectRefusal(scene, "depot/clock", /this machine's clock says is yet to come/),
    );
    await scene.own.run("update");
  }));

test("update refuses a payload of the right name that was made for another hypervisor", () =>
  withScene(async (scene) => {
    const { own } = scene;
    const state = join(own.depot, "draft/depot.json");
    const draft = JSON.parse(readFileSync(state, "utf8"));
    const other = own.make("free", { functions: ["delta"], xen: "5a".repeat(20) });
    const { createHash } = await import("node:crypto");
    const sha256 = createHash("sha256").update(other.bytes).digest("hex");
    writeFileSync(join(own.depot, "draft/files", sha256), other.bytes);
    const [base] = Object.keys(draft.bases);
    const payloads = draft.channels.stable.bases[base ?? ""].payloads;
    const mine = { sha256, sizeBytes: other.bytes.length, buildId: other.buildId };
    payloads[1] = { ...payloads[1], ...mine };
    writeFileSync(state, JSON.stringify(draft));
    await own.publish();
    await expectRefusal(
      scene,
      "depot/not-trusted",
      /it is for hypervisor (5a){20}, and (a1){20} runs/,
    );
  }));

test("update changes nothing while another one asks the depot, or changes the host", () =>
  withScene(async (scene) => {
    const { own } = scene;
    {
      using _ = lockTrust(join(own.state, "xsplice/trust"));
      await expectRefusal(scene, "depot/busy", /another xsplice is asking it/);
    }
    const host = Object.assign(own.host, { lock: async () => undefined });
    await expectRefusal(scene, "sync/busy", /./);
    Object.assign(host, { lock: undefined });
    await own.run("update");
  }));

test("update ends where it began when the depot disappears in the middle", () =>
  withScene(async (scene) => {
    const { mirror } = scene;
    let left = 3;
    mirror.lie = {
      answer: () => (left-- > 0 ? undefined : { kind: "cut", bytes: new Uint8Array() }),
    };
    await expectRefusal(scene, "depot/unreachable", /Cannot read /);
    await mirror[Symbol.asyncDispose]();
    await expectRefusal(scene, "depot/unreachable", /ECONNREFUSED/);
  }));

test("update says that the disk is full, and keeps what it had believed", async (t) => {
  await withScene(async (scene) => {
    const { own } = scene;
    const small = join(own.folder, "small");
    mkdirSync(small);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k", "none", small]);
    if (mounted.status !== 0) {
      t.skip("mount(8) of a small tmpfs is not allowed here");
      return;
    }
    try {
      writeFileSync(join(small, "filler"), Buffer.alloc(12_288));
      const tmpdir = process.env["TMPDIR"];
      process.env["TMPDIR"] = small;
      try {
        await expectRefusal(scene, "system/refused", /the disk is full/);
      } finally {
        if (tmpdir === undefined) delete process.env["TMPDIR"];
        else process.env["TMPDIR"] = tmpdir;
      }
      await own.run("update");
    } finally {
      spawnSync("umount", [small]);
      rmSync(small, { recursive: true, force: true });
    }
  });
});

test("depot trust takes no unencrypted word from elsewhere, no root that is none, no wrong fingerprint", () =>
  withScene(async ({ own, mirror }) => {
    const trust = ["depot", "trust", "--replace", "--json"];
    const far = await own.try([...trust, "http://depot.example.org/", "--root", own.root]);
    assert.equal(errorOf(far).code, "depot/bad-request");
    const none = await own.try([...trust, mirror.url, "--root", own.symbols]);
    assert.equal(errorOf(none).code, "depot/not-trusted");
    const wrong = await own.try([...trust, mirror.url, "--fingerprint", "00".repeat(32)]);
    assert.match(errorOf(wrong).problem, /none of its roots has this fingerprint/);
    const shown = await own.try(["depot", "status", own.depot, "--json"]);
    const { fingerprint } = JSON.parse(shown.stdout).root;
    await own.run("depot", "trust", "--replace", mirror.url, "--fingerprint", fingerprint);
    const second = await own.try(["depot", "trust", mirror.url, "--root", own.root, "--json"]);
    assert.match(errorOf(second).problem, /this machine trusts one already/);
  }));

test("status without its depot shows what it said last, and how old that is", () =>
  withScene(async ({ own, mirror }) => {
    const asked = JSON.parse((await own.try(["status", "--json"])).stdout);
    await mirror[Symbol.asyncDispose]();
    const late = await own.try(["status"]);
    assert.equal(late.exitCode, 2, "a fix is missing");
    assert.match(late.stdout, /MISSING: {6}XSA-2/);
    assert.match(late.stdout, /NOT ASKED: Cannot read ./);
    assert.match(late.stdout, /this is what the depot said last, \d+ seconds old/);
    const { unasked, ...known } = JSON.parse((await own.try(["status", "--json"])).stdout);
    assert.deepEqual(known, asked);
    assert.equal(unasked.isExpired, false);
    const old = await atDay(9, () => own.try(["status"]));
    assert.match(old.stdout, /said last, 9 days old/);
    assert.match(old.stdout, /was to be believed until .*: nothing of it is sure/);
    const vex = await own.try(["vex", "--product", "pkg:deb/debian/xen@4.17.5", "--json"]);
    assert.equal(errorOf(vex).code, "depot/unreachable", "scanners are told nothing old");
  }));
