// The agent on a virtio-serial port whose clients come and go, and whose news of that come late, or
// in one go, or before or behind the bytes that they belong to: fake-port.h stands in for the kernel.

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { AgentClient } from "./client.ts";
import { BEGINNING, escapeFrames } from "./escape.ts";
import { encodeFrame } from "./frames.ts";
import { encodeExec } from "./messages.ts";
import { FrameType } from "./wire.ts";

const agentSource = fileURLToPath(new URL("../../../share/agent/agent.c", import.meta.url));
const fakePort = fileURLToPath(new URL("../../../src/agent/fake-port.h", import.meta.url));
let folder = "";
let program = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "xsplice-port-"));
  program = join(folder, "agent");
  const flags = ["-Os", "-Wall", "-Wextra", "-Werror", "-include", fakePort];
  execFileSync("gcc", [...flags, "-o", program, agentSource]);
});

after(() => rmSync(folder, { recursive: true }));

type News = "opened" | "closed" | "stopped";

class Port implements Disposable {
  readonly #agent: ChildProcess;
  readonly #bytes: Socket;
  readonly #news: Socket;
  #client: Duplex | undefined;

  constructor() {
    const stdio = ["ignore", "ignore", "inherit", "pipe", "pipe"] as const;
    this.#agent = spawn(program, ["/dev/fake-port"], { stdio: [...stdio] });
    this.#bytes = this.#agent.stdio[3] as Socket;
    this.#news = this.#agent.stdio[4] as Socket;
    // Without a client, what the agent says is lost, as QEMU loses it.
    this.#bytes.on("data", (bytes) => this.#client?.push(bytes));
    for (const socket of [this.#bytes, this.#news]) socket.on("error", () => undefined);
  }

  /** The letters of fake-port.h. */
  tell(news: News): void {
    this.#news.write({ opened: "o", closed: "c", stopped: "s" }[news]);
  }

  write(bytes: Uint8Array): void {
    this.#bytes.write(bytes);
  }

  /** Until the agent has read so often that nobody is there. */
  async readsAsEnded(times: number): Promise<void> {
    for (let count = 0; count < times; ) {
      const [letters] = (await once(this.#news, "data")) as [Buffer];
      count += letters.length;
    }
  }

  /** A client that has begun; closing it tells no news. */
  connect(): Promise<AgentClient> {
    this.#client = new Duplex({
      read: () => undefined,
      write: (bytes: Uint8Array, _encoding, done) => void this.#bytes.write(bytes, done),
    });
    return AgentClient.connect(this.#client, { label: "test", timeoutMs: 30_000 });
  }

  [Symbol.dispose](): void {
    this.#agent.kill("SIGKILL");
  }
}

async function expectWorking(client: AgentClient, word = "here"): Promise<void> {
  assert.equal(`${(await client.exec(["echo", word])).stdout}`, `${word}\n`);
}

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

test("the agent keeps what a client started when the port is told closed for a moment", async () => {
  using port = new Port();
  port.tell("opened");
  const client = await port.connect();
  const cat = client.spawn(["cat"]);
  port.tell("closed");
  await port.readsAsEnded(3);
  port.tell("opened");
  cat.stdin.end("still there");
  const [text] = (await once(cat.stdout, "data")) as [Buffer];
  assert.equal(`${text}`, "still there");
  assert.equal(await cat.exit, 0);
});

test("the agent ends what a client started that went for good", async () => {
  using port = new Port();
  port.tell("opened");
  const client = await port.connect();
  const sleeper = client.spawn(["sh", "-c", "echo $$; exec sleep 60"]);
  const [pid] = (await once(sleeper.stdout, "data")) as [Buffer];
  await client.close();
  port.tell("closed");
  const running = `/proc/${`${pid}`.trim()}`;
  const deadline = Date.now() + 20_000;
  while (existsSync(running) && Date.now() < deadline) await sleep(20);
  assert.ok(!existsSync(running), "the process outlived its client");
});

test("the agent ends at a beginning what the client before it had started", async () => {
  using port = new Port();
  port.tell("opened");
  const first = await port.connect();
  const sleeper = first.spawn(["sh", "-c", "echo $$; exec sleep 60"]);
  const [pid] = (await once(sleeper.stdout, "data")) as [Buffer];
  const second = await port.connect();
  const command = ["sh", "-c", `while kill -0 ${`${pid}`.trim()} 2>&-; do sleep 0.02; done`];
  assert.equal((await second.exec(command)).exitCode, 0);
});

/** As /proc tells it: "S", "Z" for one that ended and was not reaped; undefined for none. */
function stateOf(pid: number): string | undefined {
  try {
    return /^\d+ \(.*\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

test("the agent keeps the number of a process that ended as long as it may signal its group", async () => {
  using port = new Port();
  port.tell("opened");
  const client = await port.connect();
  // What the daemon may still say keeps the command from being over; its group is another one.
  const command = client.spawn(["sh", "-c", "setsid sleep 600 & echo $$ $!"]);
  const [words] = (await once(command.stdout, "data")) as [Buffer];
  const [leader = 0, daemon = 0] = `${words}`.split(" ").map(Number);
  try {
    while (stateOf(leader) === "S" || stateOf(leader) === "R") await sleep(5);
    await expectWorking(client);
    assert.equal(stateOf(leader), "Z", "another process may get its number");
  } finally {
    process.kill(daemon, "SIGKILL");
  }
  assert.equal(await command.exit, 0);
  assert.equal(stateOf(leader), undefined);
});

test("the agent reaps what it killed, and starts as many processes for the next client", async () => {
  using port = new Port();
  port.tell("opened");
  const startAll = async (client: AgentClient): Promise<number[]> => {
    const commands = Array.from({ length: 64 }, () =>
      client.spawn(["sh", "-c", "echo $$; exec sleep 600"]),
    );
    const words = await Promise.all(commands.map(({ stdout }) => once(stdout, "data")));
    return words.map(([word]) => Number(word));
  };
  const killed = await startAll(await port.connect());
  const running = await startAll(await port.connect());
  try {
    while (killed.some((pid) => stateOf(pid) !== undefined)) await sleep(5);
    assert.ok(running.every((pid) => /[DRS]/.test(stateOf(pid) ?? "")));
  } finally {
    for (const pid of running) process.kill(pid, "SIGKILL");
  }
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
