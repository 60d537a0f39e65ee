// The bundled command's start with V8's code of an earlier run, as a process of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { keepCode } from "../src/start/keep-code.ts";
import { readKeptCode } from "../src/start/kept-code.ts";

const command = fileURLToPath(new URL("../bundle/cli/main.js", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "xsplice-start-"));
const cache = join(home, "xsplice");
const code = join(cache, "code");
after(() => rmSync(home, { recursive: true }));
beforeEach(() => rmSync(cache, { recursive: true, force: true }));

function xsplice(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    env: { ...process.env, XDG_CACHE_HOME: home, ...env },
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return `${status} ${stdout}`;
}

const keptFor = (name: string) => join(code, `${name}-${process.version}`);

test("a command keeps V8's code, and its next run takes it as it is", () => {
  const shown = xsplice(["list", "--help"]);
  assert.deepEqual(readdirSync(code), [`list-${process.version}`]);
  const kept = readFileSync(keptFor("list"));
  assert.equal(xsplice(["--host", "lab:x", "list", "--help"]), shown);
  assert.deepEqual(readFileSync(keptFor("list")), kept);
});

test("code of another bundle is not taken, and replaced", () => {
  const version = xsplice(["--version"]);
  process.env["XDG_CACHE_HOME"] = home;
  const script = { createCachedData: () => Buffer.from("not V8's") };
  keepCode(keptFor("none"), "of another bundle", new Map([["./command.js", script]]));
  assert.equal(readKeptCode(keptFor("none"), "of another bundle")?.size, 1);
  assert.equal(readKeptCode(keptFor("none"), "of this bundle"), undefined);
  assert.equal(xsplice(["--version"]), version);
  assert.equal(readKeptCode(keptFor("none"), "of another bundle"), undefined);
});

test("a command that failed, or is asked not to, keeps no code", () => {
  const { status } = spawnSync(process.execPath, [command, "nonsense"], {
    env: { ...process.env, XDG_CACHE_HOME: home },
  });
  assert.equal(status, 64);
  xsplice(["--version"], { NODE_DISABLE_COMPILE_CACHE: "1" });
  assert.equal(existsSync(code), false);
});

test("a cache that others can write to is neither read nor written", () => {
  process.env["XDG_CACHE_HOME"] = home;
  const version = xsplice(["--version"]);
  keepCode(keptFor("none"), "mine", new Map());
  assert.notEqual(readKeptCode(keptFor("none"), "mine"), undefined);
  chmodSync(cache, 0o777);
  assert.equal(readKeptCode(keptFor("none"), "mine"), undefined);
  assert.equal(xsplice(["--version"]), version);
  chmodSync(cache, 0o700);
  assert.notEqual(readKeptCode(keptFor("none"), "mine"), undefined);
});
