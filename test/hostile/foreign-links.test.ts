// Links that somebody else has put where we write.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeEarlierResult, writeFileAtomically } from "../../src/builder/write-file.ts";
import { followTrusted } from "../../src/files/trusted-way.ts";

const EVE = 65_534;
const folder = mkdtempSync(join(tmpdir(), "xsplice-way-"));
after(() => rmSync(folder, { recursive: true, force: true }));
chmodSync(folder, 0o755);
const shared = join(folder, "shared");
mkdirSync(shared);
chmodSync(shared, 0o1777);
const precious = join(folder, "precious");
const needsRoot = process.getuid?.() === 0 ? false : "only root can play another user";

function byEve(script: string): void {
  const run = spawnSync("sh", ["-c", script], { uid: EVE, gid: EVE, cwd: shared });
  assert.equal(run.status, 0, run.stderr.toString());
}

test("followTrusted() follows our own links, in a shared directory too", () => {
  writeFileSync(precious, "ours");
  symlinkSync("../precious", join(shared, "own"));
  symlinkSync("shared", join(folder, "way"));
  assert.equal(followTrusted(join(folder, "way/own")), precious);
  assert.equal(followTrusted(join(folder, "way/new")), join(shared, "new"));
  assert.equal(followTrusted(join(folder, "none/new")), join(folder, "none/new"));
});

test("followTrusted() goes up from where a link leads, as the kernel does", () => {
  mkdirSync(join(folder, "deep/inner"), { recursive: true });
  symlinkSync("deep/inner", join(folder, "inner"));
  assert.equal(followTrusted(`${join(folder, "inner")}/../new`), join(folder, "deep/new"));
});

test("followTrusted() ends where links lead in a circle", () => {
  symlinkSync("circle", join(folder, "circle"));
  assert.throws(() => followTrusted(join(folder, "circle")), { code: "ELOOP" });
  // Forty links, each of which leads twice through the next one.
  for (let index = 0; index < 40; index++) {
    symlinkSync(`bomb${index + 1}/../bomb${index + 1}`, join(folder, `bomb${index}`));
  }
  mkdirSync(join(folder, "bomb40"));
  assert.throws(() => followTrusted(join(folder, "bomb0")), { code: "ELOOP" });
});

test("writeFileAtomically() follows no link, and writes into no pipe, that another user has put into a shared directory", {
  skip: needsRoot,
}, async () => {
  writeFileSync(precious, "ours");
  mkdirSync(join(folder, "home"));
  byEve(`ln -s ../precious out && ln -s ../home way && mkfifo pipe`);
  const foreign = { report: { code: "file/foreign-link" } };
  const isForeign = (error: unknown) =>
    (error as typeof foreign).report?.code === foreign.report.code;
  for (const name of ["out", "way/out", "pipe"]) {
    const place = join(shared, name);
    await assert.rejects(writeFileAtomically(place, Buffer.from("evil")), isForeign, name);
    await removeEarlierResult(place);
  }
  assert.equal(readFileSync(precious, "utf8"), "ours");
  assert.ok(lstatSync(join(shared, "out")).isSymbolicLink());
  // Of whom the directory belongs to, and outside of shared directories, links are followed.
  chownSync(shared, EVE, EVE);
  await writeFileAtomically(join(shared, "out"), Buffer.from("asked for"));
  assert.equal(readFileSync(precious, "utf8"), "asked for");
});
