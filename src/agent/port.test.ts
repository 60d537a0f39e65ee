// Clients that come and go on the agent's port, and whose news of that come late, or in one go, or
// before or behind the bytes that they belong to. What they leave running has port-processes.test.ts.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { BEGINNING, escapeFrames } from "./escape.ts";
import { encodeFrame } from "./frames.ts";
import { encodeExec } from "./messages.ts";
import { expectWorking, folder, type News, Port } from "./port.test.support.ts";
import { FrameType } from "./wire.ts";

/** Half of a frame, and the half of an ESCAPE at its end. */
function halfFrame(): Uint8Array {
  const whole = encodeFrame(1, FrameType.STDIN, new Uint8Array(100).fill(0xf5));
  return escapeFrames(whole).subarray(0, 50);
}

test("the agent answers a client that is there before the news that the last one went", async () => {
  using port = new Port();
  port.tell("opened");
  const first = await port.connect();
  await first.close();
  port.tell("stopped");
  const second = port.connect();
  port.tell("closed"); // The bytes of the second client are there, the news of it are not.
  await port.readsAsEnded(2);
  port.tell("opened");
  await expectWorking(await second);
});

test("the agent answers a client that was there before the port told of anybody", async () => {
  using port = new Port();
  const client = port.connect();
  await port.readsAsEnded(2);
  port.tell("opened");
  await expectWorking(await client);
});

test("the agent finds a client behind half a frame of the last one, without any news", async () => {
  using port = new Port();
  port.tell("opened");
  const first = await port.connect();
  await first.close();
  port.write(halfFrame());
  await expectWorking(await port.connect());
});

test("the agent obeys no frame before a client's beginning, nor one that was cut off by it", async () => {
  using port = new Port();
  port.tell("opened");
  const path = join(folder, "touched");
  const touch = escapeFrames(encodeFrame(1, FrameType.EXEC, encodeExec(["touch", path])));
  port.write(touch);
  await expectWorking(await port.connect());
  port.write(touch.subarray(0, touch.length - 1));
  port.write(BEGINNING);
  await expectWorking(await port.connect());
  assert.ok(!existsSync(path));
});

for (const news of ["before the port told of it", "after the port told of it"] as const) {
  test(`the agent sleeps once nobody was there for a second, and answers who comes ${news}`, async () => {
    using port = new Port();
    await port.readsNoMore();
    if (news === "after the port told of it") port.tell("opened");
    const client = port.connect();
    if (news === "before the port told of it") await port.readsAsEnded(1);
    port.tell("opened");
    await expectWorking(await client);
    await (await client).close();
    port.tell("closed");
    await port.readsNoMore();
    port.tell("opened");
    await expectWorking(await port.connect());
  });
}

/** What may lie between the end of a client and the beginning of the next. */
const between = fc.array(
  fc.oneof(
    fc.constantFrom<News>("opened", "closed", "stopped"),
    fc.nat({ max: 60 }).map((end) => escapeFrames(encodeFrame(9, 4, halfFrame())).subarray(0, end)),
    fc.integer({ min: 0, max: 15 }),
  ),
  { maxLength: 6 },
);

test("the agent answers every client, whatever lies between two of them", async () => {
  using port = new Port();
  await fc.assert(
    fc.asyncProperty(between, between, async (left, late) => {
      for (const event of left) {
        if (typeof event === "string") port.tell(event);
        else if (typeof event === "number") await sleep(event);
        else port.write(event);
      }
      const connecting = port.connect();
      // News only: whatever else comes now is the client's own.
      for (const event of late) {
        if (typeof event === "string") port.tell(event);
        else if (typeof event === "number") await sleep(event);
      }
      port.tell("opened");
      const client = await connecting;
      await expectWorking(client, `${left.length}`);
      await client.close();
    }),
    { numRuns: 60 },
  );
});
