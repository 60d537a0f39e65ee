// The tour, as a process of its own: its story, its JSON, and what a ^C leaves.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { listLabs } from "../../src/lab/detached.ts";
import { prepareLab } from "../../src/lab/open-lab.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

function xsplice(...args: string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
}

for (const xen of ["4.14", "4.17", "4.20"]) {
  test(`demo --json shows the whole path on Xen ${xen} and leaves nothing`, async () => {
    const run = xsplice("demo", "--json", "--xen", xen);
    assert.equal(run.status, 0, run.stderr);
    const lines = run.stdout.trimEnd().split("\n");
    const result = JSON.parse(lines.at(-1) ?? "");
    const { hypervisor, before: original, patched, reverted } = result;
    assert.ok(hypervisor.version.startsWith(xen));
    assert.match(hypervisor.buildId, /^[0-9a-f]{40}$/);
    assert.equal(original, hypervisor.version);
    assert.equal(patched, `${original}-patched`);
    assert.equal(reverted, original);
    assert.equal(result.entryReverted, result.entryBefore);
    // A jump, behind the ENDBR64 where the hypervisor has one.
    assert.match(result.entryPatched, /^(f30f1efa|660f1f01)?e9/);
    const { countBefore, countAfter, longestPauseMs, usualPauseMs } = result.guest;
    assert.ok(0 < countBefore && countBefore < countAfter, "the guest went on counting");
    assert.ok(longestPauseMs > 0 && usualPauseMs > 0);
    if (xen === "4.17") {
      assert.match(result.attack.unpatched, /the hypervisor died: FATAL TRAP/);
      assert.match(result.attack.patched, /the hypervisor lives/);
    } else {
      assert.equal(result.attack, undefined);
    }
    assert.ok(result.seconds > 0);
    assert.deepEqual(await runFoldersOf("demo-"), []);
  });
}

test("demo without --json explains each step", () => {
  const { stdout } = xsplice("demo");
  for (const word of ["hypervisor", "dom0", "build-id", "payload", "trampoline", "quiescing"]) {
    assert.ok(stdout.includes(word), word);
  }
  assert.match(stdout, /^12\. /m);
  assert.match(stdout, /Panic on CPU 0:/);
  assert.match(stdout, /The hole is closed\./);
  assert.ok(!stdout.includes("\u001b"), "no colours in a pipe");
  assert.match(stdout, /Every byte is as it was before\./);
});

test("^C in the middle of the demo ends it with 130 and leaves nothing", async () => {
  await prepareLab();
  const child = spawn(process.execPath, [main, "demo"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (text) => {
    said += String(text);
    // Once: the second ^C would not wait for the cleaning up.
    if (said.includes("5. Ask") && !child.killed) child.kill("SIGINT");
  });
  await once(child, "close");
  assert.equal(child.exitCode, 130);
  assert.ok(!said.includes("That was the tour"));
  assert.deepEqual(await runFoldersOf("demo-"), []);
  await expectNoStrayMachine();
});

/** Labs of this user with such a name, whatever their state. */
async function runFoldersOf(prefix: string): Promise<string[]> {
  return (await listLabs())
    .map(({ info }) => info.name)
    .filter((found) => found.startsWith(prefix));
}

/** Waits until no QEMU works in a run folder that was removed; other tests' may just be ending. */
async function expectNoStrayMachine(): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (strayMachines().length > 0 && Date.now() < deadline) await sleep(50);
  assert.deepEqual(strayMachines(), []);
}

function strayMachines(): string[] {
  const ids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return ids.filter((id) => /\/xsplice-\d+\/lab-.* \(deleted\)$/.test(workingFolderOf(id)));
}

function workingFolderOf(id: string): string {
  try {
    return readlinkSync(`/proc/${id}/cwd`);
  } catch {
    return ""; // It has just ended, or belongs to somebody else.
  }
}
