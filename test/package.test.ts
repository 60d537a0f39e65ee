// The package as others get it: packed, installed elsewhere, run and imported.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsplice-package-"));
const installed = join(folder, "node_modules/xsplice");

function run(command: string, args: readonly string[], cwd = folder): string {
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    // npm hands its own settings to what it starts; they are those of this project.
    env: Object.fromEntries(
      Object.entries(process.env).filter(
        ([name]) => !/^npm_(?!config_cache|config_registry)/.test(name),
      ),
    ),
  });
}

before(() => {
  assert.ok(existsSync(join(root, "dist/bundle")), "tsc alone makes no command: npm run build");
  run("npm", ["pack", "--silent", "--pack-destination", folder], root);
  const [tarball = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  writeFileSync(
    join(folder, "package.json"),
    '{"name":"elsewhere","private":true,"type":"module"}',
  );
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
  // Without a registry: fail at once rather than in minutes.
  const network = ["--prefer-offline", "--fetch-retries=0"];
  run("npm", ["install", ...quiet, ...network, join(folder, tarball)]);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("an installed package runs", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  assert.equal(run(join(folder, "node_modules/.bin/xsplice"), ["--version"]), `${version}\n`);
  assert.match(run(join(folder, "node_modules/.bin/xsplice"), []), /^xsplice - live patching/);
});

test("an installed package needs no more than 64 open files", () => {
  const command = join(folder, "node_modules/.bin/xsplice");
  const few = (words: string) => run("sh", ["-c", `ulimit -n 64; "${command}" ${words}`]);
  for (const words of ["--version", "build --help", "check --explain superseded-code-reachable"]) {
    assert.ok(few(words).length > 5, words);
  }
  // Half of its code: whatever is wrong with the file, it is not the number of open files.
  writeFileSync(join(folder, "none"), "no payload");
  assert.match(
    few("check none --xen-syms none 2>&1 || true"),
    /"none".*it is not a little-endian ELF64 file/,
  );
});

test("every export of an installed package can be imported", () => {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const paths = Object.keys(exports).filter((path) => path !== "./package.json");
  assert.ok(paths.length >= 5);
  const code = paths.map((path) => `await import("xsplice${path.slice(1)}");`).join("\n");
  writeFileSync(join(folder, "import.js"), code);
  assert.equal(run(process.execPath, ["import.js"]), "");
});

test("an installed package has what it needs at run time and no tests", () => {
  const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
  for (const wanted of ["share/agent/agent.c", "share/include/xsplice.h", "share/man/xsplice.1"]) {
    assert.ok(files.includes(wanted), wanted);
  }
  // Of the packages whose code is in the bundle of the command.
  const licences = readFileSync(join(installed, "dist/bundle/LICENCES"), "utf8");
  for (const name of ["commander", "diff", "valibot"]) {
    assert.match(licences, new RegExp(`^${name} [0-9.]+, .*\n\n[^]*Copyright`, "m"));
  }
  const strange = files.filter((name) => /\.test\.|tsbuildinfo|^test\//.test(name));
  assert.deepEqual(strange, []);
});
