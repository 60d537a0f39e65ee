// The command line as a process of its own: what only shows with real streams, signals and paths.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsplice-process-"));
after(() => rmSync(folder, { recursive: true }));

/** An `ssh` that accepts the call and says nothing, and leaves its process id. */
function silentSsh(): NodeJS.ProcessEnv {
  const script = `#!/bin/sh\necho $$ > "${folder}/ssh.pid"\nexec sleep 60\n`;
  writeFileSync(join(folder, "ssh"), script, { mode: 0o755 });
  return { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}` };
}

function sshIsGone(): boolean {
  return !existsSync(`/proc/${readFileSync(join(folder, "ssh.pid"), "utf8").trim()}`);
}

const isDom0 = existsSync("/dev/xen/privcmd") && "this machine has a privcmd";
test("xsplice list without a hypervisor says what to do", { skip: isDom0 }, () => {
  const run = spawnSync(process.execPath, [main, "list"], { encoding: "utf8" });
  assert.equal(run.status, 1);
  assert.equal(run.stdout, "");
  assert.match(run.stderr, /^Cannot reach the hypervisor of this machine: .+\n/);
  assert.match(run.stderr, /where: +\/dev\/xen\/privcmd\n +remedy: .*--host/);
});

test("a host that does not answer is given up when --timeout says so", () => {
  const args = [main, "--host", "ssh:nobody@nowhere", "--timeout", "1", "list"];
  const startedAt = Date.now();
  const run = spawnSync(process.execPath, args, { env: silentSsh(), encoding: "utf8" });
  assert.equal(run.status, 2, run.stderr);
  assert.match(run.stderr, /^Cannot .+ssh:nobody@nowhere/);
  assert.ok(Date.now() - startedAt < 10_000);
  assert.ok(sshIsGone());
});

test("^C ends a waiting command with 130 and takes ssh along", async () => {
  const args = [main, "--host", "ssh:nobody@nowhere", "list"];
  rmSync(join(folder, "ssh.pid"), { force: true });
  const child = spawn(process.execPath, args, { env: silentSsh(), stdio: "pipe" });
  const said: string[] = [];
  child.stderr.on("data", (text) => said.push(String(text)));
  while (!existsSync(join(folder, "ssh.pid"))) await new Promise((done) => setTimeout(done, 20));
  child.kill("SIGINT");
  await once(child, "close");
  assert.equal(child.exitCode, 130);
  assert.equal(said.join(""), "Stopped.\n");
  assert.ok(sshIsGone());
});

test("a reader that goes away is no error", () => {
  const command = `"${process.execPath}" "${main}" man | head -1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
  assert.match(stdout, /^\.TH XSPLICE 1 .*\n0\n$/);
  assert.equal(stderr, "");
});

test("output that cannot be written is told", () => {
  const command = `"${process.execPath}" "${main}" man > /dev/full`;
  const { status, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /^Cannot write to standard output: ENOSPC/);
});

test("words that nobody reads change no exit code", () => {
  const command = `"${process.execPath}" "${main}" bogus 2> /dev/full`;
  assert.equal(spawnSync("sh", ["-c", command]).status, 64);
});
