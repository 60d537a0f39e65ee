// Clients of one lab that come, go and die in any order: on a real virtio-serial port, whose news of
// them come when dom0's kernel has time. src/agent/port.test.ts has the same in every order.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BEGINNING, escapeFrames } from "../../src/agent/escape.ts";
import { encodeFrame } from "../../src/agent/frames.ts";
import { encodeExec } from "../../src/agent/messages.ts";
import { FrameType } from "../../src/agent/wire.ts";
import { connectLab, endLab, type LabInfo, startDetachedLab } from "../../src/lab/mod.ts";
import { describeOnXen } from "./why-no-xen.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** Of each kind of end; on a busy machine one in some thousand used to go wrong. */
const ROUNDS = 60;

/** A command that would tell of itself, in a frame that the end of its client cuts off. */
const cutOff = escapeFrames(
  encodeFrame(1, FrameType.EXEC, encodeExec(["touch", "/tmp/obeyed", "x".repeat(100_000)])),
).subarray(0, -1);

/** Connects as the first client of a free lab does, says `bytes`, and is gone. */
async function comeAndGo(folder: string, bytes: Uint8Array): Promise<void> {
  const socket = connect(join(folder, "agent-0.sock"));
  await once(socket, "connect");
  socket.write(bytes, () => socket.destroy());
  await once(socket, "close");
}

await describeOnXen("4.17", "connections to a lab", () => {
  let lab: LabInfo;
  before(async () => {
    lab = await startDetachedLab({ name: `shared-${process.pid}` });
  });
  after(async () => {
    await endLab(lab.name);
  });

  const ends = [
    { how: "in good order", bytes: undefined },
    { how: "before they began", bytes: new Uint8Array() },
    { how: "after their beginning", bytes: BEGINNING },
    { how: "inside a frame", bytes: Buffer.concat([BEGINNING, cutOff]) },
  ];
  for (const { how, bytes } of ends) {
    test(`connectLab() reaches dom0 at once behind clients that ended ${how}`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        if (bytes) await comeAndGo(lab.folder, bytes);
        await using client = await connectLab(lab.name);
        const { stdout } = await client.exec(["echo", `${round}`]);
        assert.equal(`${stdout}`, `${round}\n`);
      }
      await using client = await connectLab(lab.name);
      assert.equal((await client.exec(["ls", "/tmp/obeyed"])).exitCode, 1);
    });
  }

  test("lab exec works for four processes at a time", async () => {
    const run = async (word: string): Promise<string> => {
      const argv = [main, "lab", "exec", lab.name, "--", "echo", word];
      const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
      return await text(child.stdout);
    };
    for (let round = 0; round < 4; round++) {
      const words = ["a", "b", "c", "d"].map((word) => `${word}${round}`);
      assert.deepEqual(
        await Promise.all(words.map(run)),
        words.map((word) => `${word}\n`),
      );
    }
  });

  for (const stop of [false, true]) {
    const how = stop ? "the first ^C" : "--timeout";
    test(`a command on a lab whose machine stands still ends at ${how}`, async () => {
      const qemu = Number(readFileSync(join(lab.folder, "qemu.pid"), "utf8"));
      process.kill(qemu, "SIGSTOP");
      try {
        const limit = stop ? "60" : "1";
        const argv = [main, "--host", `lab:${lab.name}`, "--timeout", limit, "list"];
        const child = spawn(process.execPath, argv, { stdio: "ignore" });
        const startedAt = performance.now();
        if (stop) setTimeout(() => child.kill("SIGINT"), 1500);
        await once(child, "close");
        assert.equal(child.exitCode, stop ? 130 : 2);
        assert.ok(performance.now() - startedAt < 10_000);
      } finally {
        process.kill(qemu, "SIGCONT");
      }
    });
  }
});
