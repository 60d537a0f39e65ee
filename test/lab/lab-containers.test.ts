// One lab and two containers that share the folders of labs: neither sees the other's processes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { elsewhere, whyNotElsewhere } from "../../src/files/files.test.support.ts";
import { endLab, listLabs, startDetachedLab } from "../../src/lab/mod.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const skip = whyNotElsewhere();

/** The command line in a container of its own. */
function xspliceElsewhere(...args: readonly string[]) {
  const [program, ...flags] = elsewhere;
  const words = [...flags, process.execPath, main, "--json", ...args];
  const { stdout, stderr, status } = spawnSync(program, words, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

async function stateOf(name: string): Promise<string | undefined> {
  return (await listLabs()).find(({ info }) => info.name === name)?.state;
}

test("removeDeadLabs() leaves a lab alone that another container started", { skip }, async () => {
  const { name, folder } = await startDetachedLab({ name: `seen-${process.pid}` });
  try {
    xspliceElsewhere("lab", "clean");
    assert.equal(await stateOf(name), "running");
    assert.ok(existsSync(join(folder, "claim.lock")));
    const { exitCode } = xspliceElsewhere("lab", "exec", name, "--", "true");
    assert.equal(exitCode, 0);
  } finally {
    await endLab(name);
  }
  assert.ok(!existsSync(folder));
});

test("endLab() ends a lab whose process has no number here", { skip }, async () => {
  const { name, folder } = await startDetachedLab({ name: `ended-${process.pid}` });
  const pid = readFileSync(join(folder, "qemu.pid"), "utf8").trim();
  assert.deepEqual(xspliceElsewhere("lab", "down", name), { version: 1, ended: name });
  assert.ok(!existsSync(folder));
  assert.ok(!existsSync(`/proc/${pid}`));
});

test("startDetachedLab() keeps the cache in use as long as its QEMU lives", async () => {
  const { name, folder } = await startDetachedLab({ name: `using-${process.pid}` });
  try {
    const pid = readFileSync(join(folder, "qemu.pid"), "utf8").trim();
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) =>
      readlinkIfThere(`/proc/${pid}/fd/${fd}`),
    );
    assert.ok(open.some((path) => path.endsWith("/in-use.lock")));
    assert.ok(open.includes(join(folder, "claim.lock")));
  } finally {
    await endLab(name);
  }
});

function readlinkIfThere(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // Closed meanwhile.
  }
}
