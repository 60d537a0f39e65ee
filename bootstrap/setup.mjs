// Brings what a fresh clone lacks, with nothing but Node itself: the npm packages and the compiled
// JavaScript. Everything it says goes to standard error, so that `npm start -- --json` stays clean.
// Parts that only the lab needs (QEMU, Xen, a dom0) are fetched later, by xsplice.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const NODE_MAJOR_MIN = 20;

/** Ends the process with a message when the machine cannot run xSplice at all. */
export function setUp() {
  checkMachine();
  installPackages();
  compile();
}

/** Runs a command with the terminal handed through and returns its exit code. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (result.error) fail(`Cannot run "${command}": ${result.error.message}`);
  return result.status ?? 130; // ended by a signal, in practice ^C
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(...lines) {
  for (const line of lines) say(line);
  process.exit(1);
}

function checkMachine() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < NODE_MAJOR_MIN) {
    fail(
      `Cannot start: this is Node ${process.versions.node}`,
      `  expected: Node ${NODE_MAJOR_MIN} or later`,
      "  remedy:   install a newer Node; nothing was changed",
    );
  }
  if (process.platform !== "linux") {
    fail(
      `Cannot start: this is ${process.platform}`,
      "  expected: Linux, since Xen's tools and the lab exist only there",
      "  remedy:   run it in a Linux virtual machine or container",
    );
  }
}

function installPackages() {
  const lock = readFileSync(join(root, "package-lock.json"));
  const wanted = createHash("sha256").update(lock).update(process.version).digest("hex");
  const stamp = join(root, "node_modules/.xsplice-installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  refuseForeignPackages();
  const names = Object.keys(JSON.parse(lock.toString()).packages[""].devDependencies);
  const direct = Object.keys(JSON.parse(lock.toString()).packages[""].dependencies);
  say(`Installing npm packages into node_modules/ (47 MB to download, 147 MB on disk):`);
  say(`  to run:   ${direct.join(", ")}`);
  say(`  to build: ${names.join(", ")}`);
  // Install scripts are not needed: every package ships its binaries.
  const args = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  if (run("npm", args, { stdio: ["ignore", 2, 2] }) !== 0) {
    fail(
      "Cannot install the npm packages: npm ci failed (its message is above)",
      "  remedy:   check that the npm registry can be reached, or fill npm's cache; then run again",
    );
  }
  writeFileSync(stamp, wanted);
}

/** npm would follow a link, and empty the packages of another checkout. */
function refuseForeignPackages() {
  const packages = lstatSync(join(root, "node_modules"), { throwIfNoEntry: false });
  if (!packages?.isSymbolicLink()) return;
  fail(
    "Cannot install the npm packages: node_modules is a symbolic link, and not of this package-lock.json",
    "  remedy:   remove the link (this installs them here), or run npm ci where it leads",
  );
}

function compile() {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  // The compiler is incremental: with nothing changed it takes half a second.
  if (run(process.execPath, [compiler, "-p", root], { stdio: ["ignore", 2, 2] }) !== 0) {
    fail("Cannot compile xSplice: the TypeScript errors are above");
  }
  if (
    run(process.execPath, [join(root, "bootstrap/bundle.mjs")], { stdio: ["ignore", 2, 2] }) !== 0
  ) {
    fail("Cannot bundle xSplice: the errors are above");
  }
}
