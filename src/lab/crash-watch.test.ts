import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentClient } from "../agent/client.ts";
import { BEGINNING } from "../agent/escape.ts";
import { encodeFrame } from "../agent/frames.ts";
import { FRAME_HEADER_SIZE, FrameType, PROTOCOL_VERSION } from "../agent/wire.ts";
import { CrashWatch } from "./crash-watch.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-watch-"));
after(() => rmSync(world, { recursive: true }));

/** An agent in this process; `onBeat` is called for each hypercall, and may answer it. */
async function fakeAgent(onBeat: (answer: () => void) => void): Promise<AgentClient> {
  const stream = new Duplex({ read: () => undefined });
  stream._write = (bytes: Uint8Array, _encoding, done): void => {
    const frame = Buffer.from(bytes).subarray(bytes[0] === BEGINNING[0] ? BEGINNING.length : 0);
    if (frame[8] === FrameType.HELLO) {
      const nonce = frame.toString("latin1", FRAME_HEADER_SIZE).replaceAll("\u00f5\0", "\u00f5");
      const answer = [Buffer.from(nonce, "latin1"), Uint8Array.of(PROTOCOL_VERSION, 0, 0, 0)];
      stream.push(encodeFrame(0, FrameType.HELLO, Buffer.concat(answer)));
    } else {
      const result = encodeFrame(frame.readUInt32LE(4), FrameType.RESULT, new Uint8Array(8));
      onBeat(() => stream.push(result));
    }
    done();
  };
  return await AgentClient.connect(stream, { label: "test", timeoutMs: 30_000 });
}

function watchOf(agent: AgentClient): CrashWatch {
  const consolePath = join(world, "console.log");
  writeFileSync(consolePath, "(XEN) all is well\n");
  const machineEnd = new Promise<void>(() => undefined);
  return new CrashWatch({ consolePath, agent, machineEnd, hangAfterMs: 50 });
}

test("CrashWatch takes an agent that never answers for a dom0 that hangs", async () => {
  await using agent = await fakeAgent(() => undefined);
  const watch = watchOf(agent);
  const [{ kind, console }] = await Promise.all([watch.crashed, sleep(200)]);
  assert.deepEqual([kind, console], ["dom0-hung", "(XEN) all is well"]);
  watch.close();
});

test("CrashWatch reads the answer that came while its own process was held up", async () => {
  let beats = 0;
  await using agent = await fakeAgent((answer) => {
    beats++;
    setImmediate(() => {
      // As a child that is waited for, or a machine that runs others. Timers ring before the
      // answer is read.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 80);
      setImmediate(answer);
    });
  });
  const watch = watchOf(agent);
  const crashed = watch.crashed.then(({ kind }) => kind);
  while (beats < 5) assert.equal(await Promise.race([crashed, sleep(20, "alive")]), "alive");
  watch.close();
});
