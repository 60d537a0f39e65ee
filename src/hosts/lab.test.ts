// A lab that does not answer, without a lab: a process takes its QEMU's place.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { tryLock } from "../files/lock.ts";
import { HostError } from "../host/errors.ts";
import { showLab, useRuntimeFolder } from "../lab/shown-lab.test.support.ts";
import { openHost } from "./open-host.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-hl-"));
useRuntimeFolder({ after }, world);
const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(world, { recursive: true });
});

/** Listens as QEMU does; its monitor answers or does not, its agent never does. */
const QEMU = `
  const { createServer } = require("node:net");
  const answer = (socket, data) => {
    for (const line of data.toString().trim().split("\\n")) {
      socket.write(JSON.stringify({ return: {}, id: JSON.parse(line).id }) + "\\n");
    }
  };
  const monitor = (socket) => {
    if (process.argv.includes("talks")) socket.on("data", (data) => answer(socket, data));
  };
  createServer(monitor).listen("qmp-0.sock");
  createServer(() => {}).listen("agent-0.sock", () => console.log("listening"));
`;

async function startLab(name: string, manner: "talks" | "silent"): Promise<string> {
  const folder = showLab(world, name);
  const child = spawn(process.execPath, ["-e", QEMU, "virtio-serial-pci", manner], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  await once(child.stdout ?? child, "data");
  writeFileSync(join(folder, "console.log"), "");
  writeFileSync(join(folder, "qemu.pid"), String(child.pid));
  return folder;
}

for (const manner of ["talks", "silent"] as const) {
  test(`openHost() gives up a lab without answer in time (QEMU: ${manner})`, async () => {
    const folder = await startLab(`x-${manner}`, manner);
    const startedAt = performance.now();
    await assert.rejects(openHost(`lab:x-${manner}`, { deadlineMs: 200 }), (error: unknown) => {
      assert.ok(error instanceof HostError);
      assert.equal(error.report.code, "host/timeout");
      assert.match(error.message, /Cannot connect: lab x-\w+ gave no answer within 200 ms/);
      return true;
    });
    assert.ok(performance.now() - startedAt < 20_000);
    // The seat is free again, as soon as the giving up has reached it.
    const isTaken = (): boolean => {
      using lock = tryLock(join(folder, "seat-0"));
      return lock === undefined;
    };
    while (isTaken()) await new Promise((done) => setTimeout(done, 5));
  });

  test(`openHost() gives up a lab without answer at ^C (QEMU: ${manner})`, async () => {
    await startLab(`y-${manner}`, manner);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 30);
    const opening = openHost(`lab:y-${manner}`, { deadlineMs: 60_000, signal: stop.signal });
    await assert.rejects(opening, /^Error: enough$/);
  });
}
