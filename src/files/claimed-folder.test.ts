import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { claimFolder, isAbandoned, removeAbandoned } from "./claimed-folder.ts";
import { emptyFolder, kill, runUntilKilled } from "./files.test.support.ts";

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
    assert.equal(isAbandoned(work.path), false);
  }
  assert.deepEqual(readdirSync(parent), []);
});

test("removeAbandoned() removes what a killed process had claimed, not what a living one has", async (t) => {
  const parent = emptyFolder(t);
  const holder = await runUntilKilled(t, claimScript(parent));
  const folder = onlyFolderIn(parent);
  assert.equal(removeAbandoned(parent, isWork), 0);
  await kill(holder);
  assert.equal(isAbandoned(folder), true);
  assert.equal(
    removeAbandoned(parent, (name) => name === "other"),
    0,
  );
  assert.equal(removeAbandoned(parent, isWork), 1);
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
  assert.equal(removeAbandoned(parent, isWork), 0);
});

test("removeAbandoned() takes a folder without a claim for one that is just being made, for a day", (t) => {
  const parent = emptyFolder(t);
  const folder = join(parent, "work-unclaimed");
  mkdirSync(folder);
  assert.equal(removeAbandoned(parent, isWork), 0);
  const longAgo = new Date(Date.now() - 48 * 3_600_000);
  utimesSync(folder, longAgo, longAgo);
  assert.equal(isAbandoned(folder), true);
  assert.equal(removeAbandoned(parent, isWork), 1);
  assert.ok(!existsSync(folder));
});
