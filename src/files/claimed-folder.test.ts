import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { claimFolder, occupancyOf, removeAbandoned } from "./claimed-folder.ts";
import { emptyFolder, kill, leaveAbandoned, runUntilKilled } from "./files.test.support.ts";

const module = JSON.stringify(new URL("./claimed-folder.js", import.meta.url).href);
const isWork = (name: string): boolean => name.startsWith("work-");

function claimScript(parent: string): string {
  return `import { claimFolder } from ${module};
    globalThis.work = claimFolder(${JSON.stringify(parent)}, "work-");`;
}

function onlyFolderIn(parent: string): string {
  const [name, more] = readdirSync(parent);
  assert.ok(name !== undefined && more === undefined);
  return join(parent, name);
}

test("claimFolder() makes a folder that is gone, with all in it, when it is let go", (t) => {
  const parent = emptyFolder(t);
  {
    using work = claimFolder(parent, "work-");
    mkdirSync(join(work.path, "deep"));
    writeFileSync(join(work.path, "deep/file"), "");
    assert.equal(onlyFolderIn(parent), work.path);
    assert.equal(occupancyOf(work.path).kind, "held");
  }
  assert.deepEqual(readdirSync(parent), []);
});

test("removeAbandoned() removes what a killed process had claimed, not what a living one has", async (t) => {
  const parent = emptyFolder(t);
  const holder = await runUntilKilled(t, claimScript(parent));
  const folder = onlyFolderIn(parent);
  assert.equal(removeAbandoned(parent, isWork).count, 0);
  await kill(holder);
  assert.equal(occupancyOf(folder).kind, "abandoned");
  assert.equal(removeAbandoned(parent, (name) => name === "other").count, 0);
  assert.equal(removeAbandoned(parent, isWork).count, 1);
  assert.deepEqual(readdirSync(parent), []);
});

test("removeAbandoned() leaves the folder to a child that got its descriptor", async (t) => {
  const parent = emptyFolder(t);
  const pidFile = join(emptyFolder(t), "pid");
  const pass = `${claimScript(parent)}
    const { spawn } = await import("node:child_process");
    const stdio = ["ignore", "ignore", "ignore", work.descriptor];
    const child = spawn("sleep", ["600"], { stdio, detached: true });
    (await import("node:fs")).writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));`;
  await kill(await runUntilKilled(t, pass));
  const child = Number(readFileSync(pidFile, "utf8"));
  t.after(() => process.kill(child));
  assert.equal(removeAbandoned(parent, isWork).count, 0);
});

const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000);

test("removeAbandoned() takes an empty folder without a claim for one that is just being made, for a day", (t) => {
  const parent = emptyFolder(t);
  const folder = join(parent, "work-unclaimed");
  mkdirSync(folder);
  assert.deepEqual(removeAbandoned(parent, isWork), { count: 0, kept: [] });
  utimesSync(folder, twoDaysAgo, twoDaysAgo);
  assert.deepEqual(removeAbandoned(parent, isWork), { count: 1, kept: [] });
  assert.ok(!existsSync(folder));
});

test("removeAbandoned() keeps and names a folder with something in it that nothing claims", (t) => {
  const parent = emptyFolder(t);
  const path = join(parent, "work-of-a-former-release");
  mkdirSync(path);
  writeFileSync(join(path, "result"), "");
  assert.deepEqual(removeAbandoned(parent, isWork), { count: 0, kept: [] });
  utimesSync(path, twoDaysAgo, twoDaysAgo);
  const because = "nothing in it says whether somebody uses it (no claim.lock)";
  assert.deepEqual(removeAbandoned(parent, isWork), { count: 0, kept: [{ path, because }] });
  assert.deepEqual(readdirSync(path), ["result"]);
});

test("removeAbandoned() keeps and names what another user left, and removes the rest", {
  skip: process.getuid?.() !== 0 && "only root can be two users",
}, (t) => {
  const parent = emptyFolder(t);
  const path = leaveAbandoned(parent, "work-of-root");
  chmodSync(join(path, "claim.lock"), 0o600);
  chmodSync(parent, 0o777);
  const because = "permission denied";
  process.seteuid?.(65534);
  try {
    leaveAbandoned(parent, "work-of-nobody");
    assert.deepEqual(removeAbandoned(parent, isWork), { count: 1, kept: [{ path, because }] });
  } finally {
    process.seteuid?.(0);
  }
  assert.deepEqual(readdirSync(parent), ["work-of-root"]);
});
