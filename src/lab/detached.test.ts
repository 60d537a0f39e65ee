import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { emptyFolder, kill, leaveAbandoned } from "../files/files.test.support.ts";
import { endLab, listLabs, removeDeadLabs } from "./detached.ts";
import { listRunFolders, makeRunFolder } from "./run-folder.ts";
import { showLab, useRuntimeFolder } from "./shown-lab.test.support.ts";

const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000);

/** The run folder that the former release made, which has no lock in it. */
function formerFolder(t: TestContext): string {
  const runtime = emptyFolder(t);
  useRuntimeFolder(t, runtime);
  return showLab(runtime, "former");
}

/** In QEMU's place: listens to the monitor's sockets, by names in its folder. */
async function startQemu(t: TestContext, folder: string): Promise<ChildProcess> {
  const script = `const names = [0, 1, 2, 3].map((seat) => "qmp-" + seat + ".sock");
    for (const name of names) require("node:net").createServer().listen(name);
    setTimeout(() => console.log("listening"), 100);`;
  const qemu = spawn(process.execPath, ["-e", script, "virtio-serial-pci"], { cwd: folder });
  t.after(() => void qemu.kill("SIGKILL"));
  await once(qemu.stdout, "data");
  writeFileSync(join(folder, "qemu.pid"), `${qemu.pid}\n`);
  return qemu;
}

async function stateOfFormer(): Promise<string | undefined> {
  return (await listLabs()).find(({ info }) => info.name === "former")?.state;
}

test("endLab() ends a lab of the former release, which has no lock in its folder", async (t) => {
  const folder = formerFolder(t);
  const qemu = await startQemu(t, folder);
  // What its supervisor writes when it has ended.
  qemu.once("exit", () => writeFileSync(join(folder, "exit-status"), "137\n"));
  assert.equal((await endLab("former")).name, "former");
  assert.equal(qemu.signalCode, "SIGKILL");
  assert.ok(!existsSync(folder));
});

test("removeDeadLabs() leaves a lab of the former release alone as long as its QEMU listens", async (t) => {
  const folder = formerFolder(t);
  const qemu = await startQemu(t, folder);
  // In another container its number says nothing.
  rmSync(join(folder, "qemu.pid"));
  utimesSync(folder, twoDaysAgo, twoDaysAgo);
  assert.equal(await stateOfFormer(), "running");
  assert.deepEqual(await removeDeadLabs(), { count: 0, kept: [] });
  assert.ok(existsSync(join(folder, "lab.json")));
  await kill(qemu);
  assert.equal(await stateOfFormer(), "ended");
  assert.deepEqual(await removeDeadLabs(), { count: 1, kept: [] });
  assert.ok(!existsSync(folder));
});

test("removeDeadLabs() removes what a lab of the former release left whose end was written down", async (t) => {
  const folder = formerFolder(t);
  writeFileSync(join(folder, "exit-status"), "0\n");
  assert.equal(await stateOfFormer(), "ended");
  assert.deepEqual(await removeDeadLabs(), { count: 1, kept: [] });
  assert.ok(!existsSync(folder));
});

test("removeDeadLabs() keeps and names a folder in which nothing tells who lives", async (t) => {
  const path = formerFolder(t);
  assert.equal(await stateOfFormer(), "running", "it may be starting");
  utimesSync(path, twoDaysAgo, twoDaysAgo);
  assert.equal(await stateOfFormer(), "unknown");
  const because = "it has no claim.lock and no socket that could say whether its QEMU lives";
  assert.deepEqual(await removeDeadLabs(), { count: 0, kept: [{ path, because }] });
  assert.deepEqual(readdirSync(path), ["lab.json"]);
});

test("removeDeadLabs() removes the folder of a lab whose QEMU let go of its claim", async (t) => {
  const folder = formerFolder(t);
  leaveAbandoned(join(folder, ".."), "lab-former");
  assert.deepEqual(await removeDeadLabs(), { count: 1, kept: [] });
  assert.ok(!existsSync(folder));
});

test("makeRunFolder() and listRunFolders() do without a runtime directory that is below a file", (t) => {
  const world = emptyFolder(t);
  writeFileSync(join(world, "file"), "");
  useRuntimeFolder(t, join(world, "file/run"));
  using run = makeRunFolder();
  assert.ok(!run.path.startsWith(world));
  assert.ok(listRunFolders().includes(run.path));
});

test("makeRunFolder() says what is in the place of its directory", (t) => {
  const world = emptyFolder(t);
  useRuntimeFolder(t, world);
  const place = join(world, `xsplice-${userInfo().uid}`);
  writeFileSync(place, "");
  assert.throws(makeRunFolder, {
    message: new RegExp(
      `^Cannot keep the sockets of a lab in "${place}": it is not a directory\\n`,
    ),
  });
});

for (const [who, spoil] of [
  ["is writable by others", (place: string) => chmodSync(place, 0o777)],
  ["belongs to somebody else", (place: string) => chownSync(place, 65534, 65534)],
] as const) {
  test(`no lab is believed, ended or removed in a run directory that ${who}`, {
    skip: process.getuid?.() !== 0 && who.startsWith("belongs") && "only root can give it away",
  }, async (t) => {
    const runtime = emptyFolder(t);
    useRuntimeFolder(t, runtime);
    const folder = showLab(runtime, "planted");
    spoil(join(folder, ".."));
    const refusal = /^Cannot keep the sockets of a lab in ".*": (other users may|it belongs)/;
    await assert.rejects(listLabs, { message: refusal });
    await assert.rejects(endLab("planted"), { message: refusal });
    await assert.rejects(removeDeadLabs, { message: refusal });
    assert.throws(makeRunFolder, { message: refusal });
    assert.ok(existsSync(join(folder, "lab.json")));
  });
}

test("endLab() removes the directory in which it found the lab, not the one that lab.json names", async (t) => {
  const runtime = emptyFolder(t);
  useRuntimeFolder(t, runtime);
  const [precious, folder] = [join(runtime, "precious"), showLab(runtime, "planted")];
  mkdirSync(precious);
  const file = join(folder, "lab.json");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(folder, precious));
  writeFileSync(join(folder, "exit-status"), "0\n");
  assert.equal((await endLab("planted")).folder, folder);
  assert.ok(existsSync(precious));
  assert.ok(!existsSync(folder));
});
