import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { claimFolder } from "./claimed-folder.ts";
import { emptyFolder, leaveAbandoned } from "./files.test.support.ts";
import { makeTemporaryFolder, removeLeftOvers } from "./temporary-folder.ts";

test("removeLeftOvers() removes what the dead have left, and nothing else", (t) => {
  const world = emptyFolder(t);
  const kept = ["xsplice-compile-abcdef", "xsplice-compile-abc-abcdef", "4194305-abcdef"];
  const gone = ["xsplice-compile-7-abcdef", `xsplice-ssh-${process.pid}-AbC012`];
  for (const name of [...kept, ...gone]) leaveAbandoned(world, name);
  const link = "xsplice-demo-7-abcdef";
  symlinkSync("/", join(world, link));
  using living = claimFolder(world, "xsplice-hooks-7-");
  assert.equal(removeLeftOvers(world).count, gone.length);
  assert.deepEqual(readdirSync(world).sort(), [...kept, link, basename(living.path)].sort());
});

test("removeLeftOvers() finds nothing where TMPDIR names no directory", (t) => {
  const file = join(emptyFolder(t), "file");
  writeFileSync(file, "");
  for (const place of [file, join(file, "below"), join(file, "../missing")]) {
    assert.deepEqual(removeLeftOvers(place), { count: 0, kept: [] });
  }
});

test("removeLeftOvers() finds what a killed command has left", async (t) => {
  const place = emptyFolder(t);
  // Takes ssh's place, tells that it runs, and says nothing until its input ends.
  const script = '#!/bin/sh\n: >"$TMPDIR/started"\nexec cat >/dev/null\n';
  writeFileSync(join(place, "ssh"), script, { mode: 0o755 });
  const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "--host", "ssh:nowhere", "list"], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: place, PATH: `${place}:${process.env["PATH"]}` },
  });
  const ended = once(child, "close");
  const folders = (): string[] => readdirSync(place).filter((name) => name.startsWith("xsplice-"));
  // From then on the folder is claimed for certain.
  const isStarted = (): boolean => existsSync(join(place, "started"));
  while (!isStarted() && child.exitCode === null) await sleep(5);
  assert.equal(removeLeftOvers(place).count, 0);
  child.kill("SIGKILL");
  await ended;
  assert.equal(folders().length, 1);
  assert.equal(removeLeftOvers(place).count, 1);
});

test("makeTemporaryFolder() makes every temporary folder, so that removeLeftOvers() knows it", () => {
  const source = fileURLToPath(new URL("../../../src/", import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const makers = files
    .filter((file) => /(?<!\.test|\.test\.support)\.ts$/.test(file))
    .filter((file) => /mkdtemp\w*\(|tmpdir\(/.test(readFileSync(join(source, file), "utf8")))
    .sort();
  assert.deepEqual(makers, [
    "build-outcome/build-error.ts", // Which names the place to somebody whose disk is full.
    "cli/doctor-checks.ts", // Which is to tell of a machine without flock.
    "files/claimed-folder.ts",
    "files/temporary-folder.ts",
    "lab/run-folder.ts",
  ]);
});

test("makeTemporaryFolder() has no sockets where ssh or QEMU would read the path as something else", (t) => {
  const world = emptyFolder(t);
  const before = process.env["TMPDIR"];
  t.after(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  for (const name of ["plain", "%h", "$HOME", "a b", "a,b", 'a"b']) {
    const place = join(world, name);
    mkdirSync(place);
    process.env["TMPDIR"] = place;
    using withSocket = makeTemporaryFolder("test", "/socket");
    using without = makeTemporaryFolder("test");
    const expected = name === "plain" ? place : "/tmp";
    assert.equal(dirname(withSocket.path), expected, name);
    assert.equal(dirname(without.path), place, name);
  }
});
