// The lab's commands and the whole path by commands alone, as processes of their own: what a
// person or a script does.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { listLabs } from "../../src/lab/detached.ts";
import { openLab, prepareLab } from "../../src/lab/open-lab.ts";
import { checkDocument } from "../documents/check-document.ts";
import { requireNothingLeft } from "./killed-command.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const example = fileURLToPath(new URL("../../../examples/extra-version.c", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsplice-commands-"));
const name = `cli-${process.pid}`;
after(() => rmSync(folder, { recursive: true }));

function xsplice(...args: string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
}

function json(...args: string[]): unknown {
  const all = ["--json", ...args];
  const { stdout } = xsplice(...all);
  checkDocument(all, stdout);
  return JSON.parse(stdout);
}

async function hasLab(wanted: string): Promise<boolean> {
  return (await listLabs()).some(({ info }) => info.name === wanted);
}

describe("a lab that stays", () => {
  before(() => {
    const up = xsplice("lab", "up", name);
    assert.equal(up.status, 0, up.stderr);
    assert.match(up.stdout, new RegExp(`^${name} is up: Xen 4\\.17\\.5`));
  });
  after(async () => {
    const down = xsplice("lab", "down", name);
    assert.equal(down.stdout, `${name} is down\n`);
    assert.ok(!(await hasLab(name)));
  });

  test("lab list shows it", () => {
    const { stdout } = xsplice("lab", "list");
    assert.match(stdout, new RegExp(`^${name} +running +detached +Xen 4\\.17\\.5`, "m"));
  });

  test("lab up refuses a second one of its name", () => {
    const up = xsplice("lab", "up", name);
    assert.equal(up.status, 1);
    assert.match(up.stderr, /there is one of this name already/);
  });

  test("lab exec passes streams and the exit code through", () => {
    const args = [main, "lab", "exec", name, "--", "sh", "-c", "cat; echo oops >&2; exit 9"];
    const run = spawnSync(process.execPath, args, { input: "through\n", encoding: "utf8" });
    assert.deepEqual([run.stdout, run.stderr, run.status], ["through\n", "oops\n", 9]);
  });

  test("lab exec --json is one document", () => {
    assert.deepEqual(json("lab", "exec", name, "--", "echo", "--json"), {
      version: 1,
      exitCode: 0,
      stdout: "--json\n",
      stderr: "",
    });
  });

  test("lab console shows the hypervisor's boot", () => {
    assert.match(xsplice("lab", "console", name).stdout, /Xen version 4\.17\.5/);
  });

  test("--host lab:NAME reaches it", () => {
    const run = xsplice("--host", `lab:${name}`, "info");
    assert.match(run.stdout, /^Xen +4\.17\.5$/m);
  });
});

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  test(`lab up leaves nothing when ${signal} meets it in the middle of a restore`, async () => {
    await prepareLab();
    await requireNothingLeft({ signal, argv: [main, "lab", "up"], folder });
  });
}

test("a lab whose hypervisor crashed is told to be so by every later command, at once", async () => {
  await using lab = await openLab({ name: `${name}-dead` });
  const entryOfExtraVersion = 0xffff82d040234940n; // in the one build that 4.17 names
  await lab.writeHypervisor(entryOfExtraVersion, Uint8Array.of(0x0f, 0x0b));
  xsplice("--host", `lab:${name}-dead`, "info");
  const startedAt = Date.now();
  const run = xsplice("--host", `lab:${name}-dead`, "list");
  assert.equal(run.status, 1);
  assert.match(run.stderr, /hypervisor crashed[\s\S]+\(XEN\)/);
  assert.ok(Date.now() - startedAt < 20_000, "it waited for an answer: 30 s");
});

test("lab up gives labs that start at once names of their own, and one name to one of them", async () => {
  await prepareLab();
  const runtime = mkdtempSync(join(folder, "run-"));
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  const up = async (...args: string[]): Promise<number | null> => {
    const child = spawn(process.execPath, [main, "lab", "up", ...args], { stdio: "ignore", env });
    await once(child, "close");
    return child.exitCode;
  };
  const codes = await Promise.all([up(), up(), up("same"), up("same")]);
  assert.deepEqual(codes.slice(0, 2), [0, 0]);
  assert.deepEqual(codes.slice(2).sort(), [0, 1]);
  for (const lab of ["lab-1", "lab-2", "same"]) {
    const down = spawnSync(process.execPath, [main, "lab", "down", lab], { env, encoding: "utf8" });
    assert.equal(down.stdout, `${lab} is down\n`);
  }
  assert.deepEqual(readdirSync(runtime), []);
});

test("lab up tells what a file is that is no hypervisor", () => {
  const up = xsplice("lab", "up", "--xen", "/bin/sh");
  assert.equal(up.status, 1);
  assert.match(up.stderr, /Cannot boot "\/bin\/sh" as a hypervisor: it is an ELF64 file/);
});

/** What a boot loader looks for (Multiboot specification, 3.1), for an ELF that has no segments. */
function multibootHeaderAlone(): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.write("7f454c46010101", 0, "hex");
  bytes.writeUInt16LE(3, 18);
  bytes.writeUInt32LE(0x1badb002, 256);
  bytes.writeUInt32LE(2 ** 32 - 0x1badb002, 264);
  return bytes;
}

test("lab up tells what QEMU said of a file that only looks like a hypervisor", () => {
  const xen = join(folder, "header-alone");
  writeFileSync(xen, multibootHeaderAlone());
  const up = xsplice("lab", "up", "--xen", xen);
  assert.equal(up.status, 1);
  assert.match(up.stderr, /Cannot bring a lab up: its QEMU ended with status 1\n +where: +\S/);
});

test("compile, load, list, revert and unload work by commands alone", () => {
  const payload = join(folder, "extra.livepatch");
  const steps = [
    `"$NODE" "$MAIN" compile "${example}" --xen-syms "$XSPLICE_XEN_SYMS" -o "${payload}" >/dev/null`,
    `"$NODE" "$MAIN" load "${payload}"`,
    `"$NODE" "$MAIN" list`,
    `"$NODE" "$MAIN" info | grep ^Xen`,
    `"$NODE" "$MAIN" revert extra`,
    `"$NODE" "$MAIN" unload extra`,
    `"$NODE" "$MAIN" info | grep ^Xen`,
    "exit 5",
  ];
  const run = spawnSync(
    process.execPath,
    [main, "lab", "run", "--", "sh", "-c", steps.join(" && ")],
    { env: { ...process.env, NODE: process.execPath, MAIN: main }, encoding: "utf8" },
  );
  assert.equal(run.status, 5, run.stderr);
  const lines = run.stdout.split("\n");
  assert.equal(lines[0], `Uploading ${payload}... completed`);
  assert.equal(lines[1], "Applying extra... completed");
  assert.match(lines[4] ?? "", /^extra +\| APPLIED/);
  assert.match(lines[5] ?? "", /^Xen +4\.17\.5-patched$/);
  assert.deepEqual(lines.slice(6, 8), [
    "Reverting extra... completed",
    "Unloading extra... completed",
  ]);
  assert.match(lines[8] ?? "", /^Xen +4\.17\.5$/);
});
