import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { removeLeftOvers } from "./left-overs.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-left-"));
after(() => rmSync(world, { recursive: true }));

/** No process has this id: the largest one that Linux gives is 2^22. */
const DEAD = 2 ** 22 + 1;

test("removeLeftOvers() removes what the dead have left, and nothing else", () => {
  const kept = [
    `xsplice-compile-${process.pid}-abcdef`,
    "xsplice-compile-abcdef",
    "4194305-abcdef",
  ];
  const gone = [`xsplice-compile-${DEAD}-abcdef`, `xsplice-ssh-${DEAD}-AbC012`];
  for (const name of [...kept, ...gone]) {
    mkdirSync(join(world, name));
    writeFileSync(join(world, name, "file"), "");
  }
  const link = `xsplice-demo-${DEAD}-abcdef`;
  symlinkSync("/", join(world, link));
  assert.equal(removeLeftOvers(world), gone.length);
  assert.deepEqual(readdirSync(world).sort(), [...kept, link].sort());
});

test("removeLeftOvers() finds what a killed command has left", async () => {
  const place = mkdtempSync(join(world, "killed-"));
  // Takes ssh's place, and says nothing until its input ends.
  writeFileSync(join(place, "ssh"), "#!/bin/sh\nexec cat >/dev/null\n", { mode: 0o755 });
  const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "--host", "ssh:nowhere", "list"], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: place, PATH: `${place}:${process.env["PATH"]}` },
  });
  const ended = once(child, "close");
  const folders = (): string[] => readdirSync(place).filter((name) => name.startsWith("xsplice-"));
  while (folders().length === 0 && child.exitCode === null) await sleep(5);
  assert.equal(removeLeftOvers(place), 0);
  child.kill("SIGKILL");
  await ended;
  assert.equal(folders().length, 1);
  assert.equal(removeLeftOvers(place), 1);
});

test("removeLeftOvers() can read whose every temporary folder is", () => {
  const source = fileURLToPath(new URL("../../../src/", import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const makers = files
    .filter((file) => /(?<!\.test|\.test\.support)\.ts$/.test(file))
    .flatMap(
      (file) => readFileSync(join(source, file), "utf8").match(/mkdtemp\w*\(join\(tmpdir.*/g) ?? [],
    );
  assert.ok(makers.length > 0);
  for (const maker of makers) assert.match(maker, /`xsplice-[a-z]+-\$\{process\.pid\}-`/);
});
