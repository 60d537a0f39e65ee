// What `npm run package` makes: its size, its start beside that of the npm package, the same bytes from another
// directory. `npm run test:package` runs it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const packages = process.env["XSPLICE_PACKAGES"] ?? "";
const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsplice-packages-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const SIZE_MAX = 45_000_000;
const SLOWER_MAX = 1.2;
const STARTS = 15;

function packageFile(ending: string): string {
  const name = readdirSync(packages).find((one) => one.endsWith(ending));
  assert.ok(name !== undefined, `npm run package makes one that ends with ${ending}`);
  return join(packages, name);
}

function run(command: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stderr}`);
  return stdout;
}

test("npm run package makes a .deb and a tarball of 45 MB at most", () => {
  for (const ending of [".deb", ".tar.xz"]) {
    const { size } = statSync(packageFile(ending));
    assert.ok(size <= SIZE_MAX, `${ending}: ${size}`);
  }
  run("sha256sum", ["--check", "--quiet", "SHA256SUMS"], packages);
});

test("the tarball runs wherever it is unpacked, as soon as the npm package does", (t) => {
  run("tar", ["-xJf", packageFile(".tar.xz")]);
  const [name = ""] = readdirSync(folder);
  mkdirSync(join(folder, "elsewhere"));
  run("ln", ["-s", join(folder, name, "bin/xsplice"), join(folder, "elsewhere/xsplice")]);
  const own = join(folder, "elsewhere/xsplice");
  writeFileSync(join(folder, "package.json"), '{"name":"elsewhere","private":true}');
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  run("npm", ["install", ...quiet, packageFile(".tgz")]);
  const npm = join(folder, "node_modules/.bin/xsplice");
  assert.equal(run(own, ["--version"]), run(npm, ["--version"]));
  assert.equal(run(own, ["explain", "host/policy"]), run(npm, ["explain", "host/policy"]));
  const quickest = new Map<string, number>();
  // By turns, so that a busy machine is busy for both.
  for (let turn = 0; turn < STARTS; turn++) {
    for (const command of [own, npm]) {
      const startedAt = performance.now();
      run(command, ["--version"]);
      const ms = performance.now() - startedAt;
      quickest.set(command, Math.min(ms, quickest.get(command) ?? ms));
    }
  }
  const [mine = 0, theirs = 0] = [quickest.get(own), quickest.get(npm)];
  t.diagnostic(`start: ${mine.toFixed(0)} ms, of the npm package ${theirs.toFixed(0)} ms`);
  assert.ok(mine <= theirs * SLOWER_MAX, `${mine} ms against ${theirs} ms`);
});

test("npm run package gives the same bytes from a clone in another directory", () => {
  const clone = join(folder, "another/clone of it");
  const again = join(folder, "again");
  run("git", ["clone", "--quiet", "--no-hardlinks", root, clone]);
  run("npm", ["run", "--silent", "package", "--", again], clone);
  const names = readdirSync(packages).sort();
  assert.deepEqual(readdirSync(again).sort(), names);
  for (const name of names) {
    const [one, other] = [packages, again].map((place) => readFileSync(join(place, name)));
    assert.ok(other !== undefined && one?.equals(other), `${name} differs`);
  }
});
