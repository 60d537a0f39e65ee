import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { emptyFolder } from "../files/files.test.support.ts";
import { endLab } from "./detached.ts";
import { writeLabFile } from "./lab-file.ts";

const runtime = process.env["XDG_RUNTIME_DIR"];
after(() => {
  if (runtime === undefined) delete process.env["XDG_RUNTIME_DIR"];
  else process.env["XDG_RUNTIME_DIR"] = runtime;
});

test("endLab() ends a lab of the former release, which has no lock in its folder", async (t) => {
  process.env["XDG_RUNTIME_DIR"] = emptyFolder(t);
  const folder = join(
    process.env["XDG_RUNTIME_DIR"],
    `xsplice-${process.getuid?.()}`,
    "lab-former",
  );
  mkdirSync(folder, { recursive: true });
  const info = {
    name: "former",
    xen: "4.17",
    cpus: 1,
    memoryMb: 512,
    userland: "minimal",
    startedFrom: "snapshot",
    folder,
  } as const;
  writeLabFile(info, "detached");
  // In QEMU's place, and what its supervisor writes when it has ended.
  const script = "setInterval(() => {}, 1000)";
  const qemu = spawn(process.execPath, ["-e", script, "virtio-serial-pci"], { cwd: folder });
  t.after(() => void qemu.kill("SIGKILL"));
  qemu.once("exit", () => writeFileSync(join(folder, "exit-status"), "137\n"));
  writeFileSync(join(folder, "qemu.pid"), `${qemu.pid}\n`);
  assert.equal((await endLab("former")).name, "former");
  assert.equal(qemu.signalCode, "SIGKILL");
  assert.ok(!existsSync(folder));
});
