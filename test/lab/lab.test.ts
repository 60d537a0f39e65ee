// Labs on the real thing: every release of Xen starts, is seen into, crashes with an answer, and
// leaves nothing behind.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { XspliceError } from "../../src/error.ts";
import {
  connectLab,
  consoleOfLab,
  endLab,
  type Lab,
  listLabs,
  openLab,
  startDetachedLab,
} from "../../src/lab/mod.ts";
import { whyNoXen } from "./why-no-xen.ts";
import { readXenImage, type XenFunction } from "./xen-image.ts";

const XENS = ["4.14", "4.17", "4.20"];
const UD2 = Uint8Array.of(0x0f, 0x0b);

async function outputOf(lab: Lab, command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await lab.exec(["sh", "-c", command]);
  assert.equal(exitCode, 0, `${command}: ${stderr}`);
  return stdout.toString().trim();
}

function functionOf(lab: Lab, name: string): XenFunction {
  assert.ok(lab.info.symbols);
  return readXenImage(lab.info.symbols).functionNamed(name);
}

function qemuPidOf(folder: string): number {
  return Number(readFileSync(join(folder, "qemu.pid"), "utf8"));
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!isTrue()) {
    assert.ok(Date.now() < deadline, `not within 30 s: ${what}`);
    await sleep(20);
  }
}

for (const xen of XENS) {
  const skip = await whyNoXen(xen);

  test(`openLab() starts Xen ${xen} with a dom0 that runs commands`, { skip }, async () => {
    await using lab = await openLab({ xen });
    const version = "cd /sys/hypervisor/version && echo $(cat major).$(cat minor)";
    assert.equal(await outputOf(lab, version), xen);
    assert.match(lab.consoleText(), new RegExp(`Xen version ${xen.replace(".", "\\.")}`));
    assert.match(lab.info.packageVersion ?? "", new RegExp(`^${xen.replace(".", "\\.")}\\.`));
  });

  test(`readHypervisor() reads Xen ${xen}'s code as its symbol file has it`, { skip }, async () => {
    await using lab = await openLab({ xen });
    const { address, bytes } = functionOf(lab, "xen_extra_version");
    assert.deepEqual(await lab.readHypervisor(address, bytes.length), bytes);
  });
}

test("openLab() takes any hypervisor image by its path, and starts it from nothing", async () => {
  await using model = await openLab({ xen: "4.17" });
  const part = join(model.info.symbols ?? "", "../../../../..");
  const image = join(part, "boot/xen-4.17-amd64.gz");
  await using lab = await openLab({ xen: image, start: "cold-boot" });
  assert.equal(lab.info.xen, image);
  assert.equal(await outputOf(lab, "cat /sys/hypervisor/version/minor"), "17");
});

test("openLab() gives a full userland Node, the stock tools and an ssh server", async () => {
  await using lab = await openLab({ userland: "full" });
  assert.equal(await outputOf(lab, "node -p process.version"), process.version);
  assert.equal(await outputOf(lab, "xen-livepatch list"), "Nothing to list");
  assert.match(await outputOf(lab, "xl info"), /xen_version *: 4\.17\.5/);
  assert.match(await outputOf(lab, "dropbear -V 2>&1"), /^Dropbear/);
});

test("openLab() starts two processors where they are asked for", async () => {
  await using lab = await openLab({ cpus: 2 });
  assert.equal(await outputOf(lab, "nproc"), "2");
});

test("openLab() starts several labs side by side, none of which sees another", async () => {
  const labs = await Promise.all(Array.from({ length: 4 }, () => openLab()));
  try {
    assert.equal(new Set(labs.map(({ info }) => info.folder)).size, labs.length);
    await Promise.all(labs.map((lab, index) => outputOf(lab, `echo ${index} >/tmp/mine`)));
    const seen = await Promise.all(labs.map((lab) => outputOf(lab, "cat /tmp/mine")));
    assert.deepEqual(seen, ["0", "1", "2", "3"]);
  } finally {
    await Promise.all(labs.map((lab) => lab.close()));
  }
});

test("readHypervisor() puts pieces of different pages together", async () => {
  await using lab = await openLab();
  const page = (functionOf(lab, "xen_extra_version").address / 4096n) * 4096n;
  const across = await lab.readHypervisor(page - 16n, 4096 + 32);
  assert.deepEqual(across.subarray(0, 16), await lab.readHypervisor(page - 16n, 16));
  assert.deepEqual(across.subarray(16 + 4096), await lab.readHypervisor(page + 4096n, 16));
});

test("readHypervisor() says of an address that nothing is mapped there", async () => {
  await using lab = await openLab();
  await assert.rejects(lab.readHypervisor(0x7000_0000_0000n, 8), (error) => {
    assert.ok(error instanceof XspliceError);
    assert.equal(error.report.code, "lab/memory");
    assert.match(error.report.problem, /0x700000000000/);
    return true;
  });
});

test("writeHypervisor() changes code that the guest itself could not", async () => {
  await using lab = await openLab();
  const { address, bytes } = functionOf(lab, "xen_extra_version");
  const changed = bytes.slice(0, 8).reverse();
  await lab.writeHypervisor(address, changed);
  assert.deepEqual(await lab.readHypervisor(address, 8), changed);
  await lab.writeHypervisor(address, bytes.subarray(0, 8));
  assert.equal(await outputOf(lab, "cat /sys/hypervisor/version/extra"), ".5");
});

// Xen's panic prints the version: when that faults, nothing comes but double faults, without end.
const panics = [
  { broken: "xen_changeset", read: "properties/changeset", words: /Panic on CPU 0/ },
  { broken: "xen_extra_version", read: "version/extra", words: /DOUBLE FAULT/ },
];
for (const { broken, read, words } of panics) {
  test(`exec() answers with the hypervisor's console when it crashes in ${broken}()`, async () => {
    await using lab = await openLab();
    await lab.writeHypervisor(functionOf(lab, broken).address, UD2);
    await assert.rejects(lab.exec(["cat", `/sys/hypervisor/${read}`]), (error) => {
      assert.ok(error instanceof XspliceError);
      assert.equal(error.report.code, "lab/crashed");
      assert.match(error.report.problem, /hypervisor crashed/);
      assert.match(error.report.where ?? "", words);
      return true;
    });
    assert.equal((await lab.crashed).kind, "hypervisor-panic");
  });
}

test("crashed tells that dom0 went down", async () => {
  await using lab = await openLab();
  void lab.exec(["poweroff", "-f"]).catch(() => undefined);
  assert.equal((await lab.crashed).kind, "dom0-down");
});

test("crashed tells that dom0 hangs, and what waits for it gets an answer", async () => {
  await using lab = await openLab({ hangAfterMs: 500 });
  process.kill(qemuPidOf(lab.info.folder), "SIGSTOP");
  await assert.rejects(lab.exec(["true"]), /dom0 hangs/);
  assert.equal((await lab.crashed).kind, "dom0-hung");
});

test("crashed tells that somebody killed the machine", async () => {
  await using lab = await openLab();
  process.kill(qemuPidOf(lab.info.folder), "SIGKILL");
  assert.equal((await lab.crashed).kind, "machine-ended");
  await assert.rejects(lab.exec(["true"]), /its QEMU ended/);
});

test("close() leaves neither a process nor a file", async () => {
  const lab = await openLab();
  const { folder } = lab.info;
  const pid = qemuPidOf(folder);
  await lab.close();
  assert.ok(!existsSync(folder));
  assert.ok(!existsSync(`/proc/${pid}`));
});

for (const signal of ["SIGKILL", "SIGINT", "SIGTERM"] as const) {
  test(`openLab() leaves nothing behind when its owner dies of ${signal}`, async () => {
    const script = fileURLToPath(new URL("./lab-owner.js", import.meta.url));
    const owner = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    const folder = line.toString().trim();
    const pid = qemuPidOf(folder);
    assert.ok(existsSync(`/proc/${pid}`));
    owner.kill(signal);
    await until("QEMU is gone", () => !existsSync(`/proc/${pid}`));
    await until("the run folder is gone", () => !existsSync(folder));
  });
}

test("openLab() that is aborted leaves nothing behind", async () => {
  // A place of its own, where no other test's labs come and go.
  const place = mkdtempSync(join(tmpdir(), "xsplice-run-"));
  const usual = process.env["XDG_RUNTIME_DIR"];
  process.env["XDG_RUNTIME_DIR"] = place;
  try {
    const reason = new Error("enough");
    const controller = new AbortController();
    const opening = openLab({ start: "cold-boot", signal: controller.signal });
    const files = (): string[] => readdirSync(place, { recursive: true, encoding: "utf8" });
    await until("QEMU runs", () => files().some((file) => file.endsWith("qemu.pid")));
    controller.abort(reason);
    await assert.rejects(opening, reason);
    assert.deepEqual(files(), []);
  } finally {
    if (usual === undefined) delete process.env["XDG_RUNTIME_DIR"];
    else process.env["XDG_RUNTIME_DIR"] = usual;
    rmSync(place, { recursive: true });
  }
});

test("startDetachedLab() gives a lab that others find, share and end", async () => {
  const { name, folder } = await startDetachedLab({ name: `detached-${process.pid}` });
  try {
    const listed = (await listLabs()).find(({ info }) => info.name === name);
    assert.equal(listed?.state, "running");
    await using first = await connectLab(name);
    await using second = await connectLab(name);
    await outputOf(first, "echo shared >/tmp/word");
    assert.equal(await outputOf(second, "cat /tmp/word"), "shared");
    assert.match(await consoleOfLab(name), /Xen version 4\.17/);
    await assert.rejects(startDetachedLab({ name }), /there is one of this name already/);
  } finally {
    await endLab(name);
  }
  assert.ok(!existsSync(folder));
  await assert.rejects(connectLab(name), /no lab of this name is up/);
});
