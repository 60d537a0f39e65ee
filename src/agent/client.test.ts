// The client against the real agent, built here and run over standard input and output. There is
// no Xen below it, so hypercalls end in a refusal; those are tested in a lab.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { AgentClient } from "./client.ts";
import { AgentError, type AgentErrorCode } from "./errors.ts";
import { BEGINNING, escapeFrames } from "./escape.ts";
import { encodeFrame } from "./frames.ts";
import { ESCAPE, FRAME_HEADER_SIZE, FrameType, PROTOCOL_VERSION } from "./wire.ts";

const source = fileURLToPath(new URL("../../../share/agent/agent.c", import.meta.url));
let folder = "";
let program = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "xsplice-agent-"));
  program = join(folder, "agent");
  execFileSync("gcc", ["-Os", "-Wall", "-Wextra", "-Werror", "-o", program, source]);
});

after(() => rmSync(folder, { recursive: true }));

function startAgent(): { stream: Duplex; stop: () => void } {
  const child = spawn(program, ["-"], { stdio: ["pipe", "pipe", "inherit"] });
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
  return { stream, stop: () => child.kill("SIGKILL") };
}

async function withAgent(use: (agent: AgentClient) => Promise<void>): Promise<void> {
  const { stream, stop } = startAgent();
  try {
    await using agent = await AgentClient.connect(stream, { label: "test", timeoutMs: 30_000 });
    await use(agent);
  } finally {
    stop();
  }
}

function refusedWith(code: AgentErrorCode, text = /./): (error: unknown) => boolean {
  return (error) =>
    error instanceof AgentError && error.report.code === code && text.test(error.message);
}

test("AgentClient.exec() gives both outputs and the exit code", () =>
  withAgent(async (agent) => {
    const { stdout, stderr, exitCode } = await agent.exec(
      ["sh", "-c", "cat; echo no >&2; exit 3"],
      {
        stdin: "hello",
      },
    );
    assert.deepEqual([`${stdout}`, `${stderr}`, exitCode], ["hello", "no\n", 3]);
  }));

test("AgentClient.exec() tells a program that is missing and one that died of a signal", () =>
  withAgent(async (agent) => {
    const missing = await agent.exec(["/no/such/program"]);
    assert.equal(missing.exitCode, 127);
    assert.match(`${missing.stderr}`, /\/no\/such\/program: No such file or directory/);
    assert.equal((await agent.exec(["sh", "-c", "kill -9 $$"])).exitCode, 137);
  }));

test("AgentClient.exec() carries megabytes both ways at once, for many processes", () =>
  withAgent(async (agent) => {
    const input = Buffer.alloc(3_000_000, "0123456789abcdef");
    const runs = Array.from({ length: 8 }, () => agent.exec(["cat"], { stdin: input }));
    for (const { stdout } of await Promise.all(runs)) assert.ok(stdout.equals(input));
  }));

test("AgentClient.exec() outlives a command that does not read its input", () =>
  withAgent(async (agent) => {
    const { exitCode } = await agent.exec(["true"], { stdin: Buffer.alloc(2_000_000) });
    assert.equal(exitCode, 0);
    const closed = await agent.exec(["sh", "-c", "exec <&-; sleep 0.1; echo done"], {
      stdin: Buffer.alloc(2_000_000),
    });
    assert.equal(`${closed.stdout}`, "done\n");
  }));

test("AgentClient.exec() ends a process and its children when the signal says so", () =>
  withAgent(async (agent) => {
    const signal = AbortSignal.timeout(50);
    const started = performance.now();
    const endless = agent.exec(["sh", "-c", "yes & yes"], { signal });
    await assert.rejects(endless, refusedWith("agent/aborted", /time is up/));
    assert.ok(performance.now() - started < 30_000);
    // 64 processes are the agent's limit: the ended one must not go on holding its place.
    for (let run = 0; run < 70; run++) await agent.exec(["true"]);
  }));

test("AgentClient.spawn() holds up nobody but itself when its output is not read", () =>
  withAgent(async (agent) => {
    const unread = agent.spawn(["yes"]);
    const unfed = agent.spawn(["sleep", "60"]);
    unfed.stdin.write(Buffer.alloc(1_000_000));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(`${(await agent.exec(["echo", "alive"])).stdout}`, "alive\n");
    assert.ok(unread.stdout.readableLength < 512 * 1024);
    unread.kill(15);
    unfed.kill();
    unread.stdout.resume();
    assert.deepEqual([await unread.exit, await unfed.exit], [143, 137]);
  }));

const onXen = existsSync("/dev/xen/privcmd") && "this machine runs on Xen, its hypercalls work";
test(
  "AgentClient.hypercall() says that there is no Xen, or which offset is wrong",
  {
    skip: onXen,
  },
  () =>
    withAgent(async (agent) => {
      const call = { op: 17, args: [], arena: new Uint8Array(8), pointers: [], outputLength: 8 };
      await assert.rejects(agent.hypercall(call), refusedWith("agent/refused", /privcmd/));
      const outside = { ...call, pointers: [{ at: 4, target: 0 }] };
      await assert.rejects(agent.hypercall(outside), refusedWith("agent/bad-request"));
    }),
);

test("AgentClient rejects what is under way when the agent dies", async () => {
  const { stream, stop } = startAgent();
  const agent = await AgentClient.connect(stream, { label: "test", timeoutMs: 30_000 });
  const running = agent.exec(["sleep", "60"]);
  const streaming = agent.spawn(["sleep", "60"]);
  stop();
  await assert.rejects(running, refusedWith("agent/disconnected"));
  await assert.rejects(streaming.exit, refusedWith("agent/disconnected"));
  await assert.rejects(agent.exec(["true"]), refusedWith("agent/disconnected"));
  await agent.closed;
});

test("AgentClient.hypercall() says that the connection is gone, at once", () =>
  withAgent(async (agent) => {
    await agent.close();
    const request = { op: 35, args: [], arena: new Uint8Array(), pointers: [], outputLength: 0 };
    const { signal } = new AbortController();
    await assert.rejects(agent.hypercall(request, signal), refusedWith("agent/disconnected"));
  }));

test("AgentClient.connect() gives up on an end that says nothing, and on one that ends", async () => {
  const silent = spawn("sleep", ["60"], { stdio: ["pipe", "pipe", "inherit"] });
  const stream = Duplex.from({ writable: silent.stdin, readable: silent.stdout });
  await assert.rejects(
    AgentClient.connect(stream, { label: "test", timeoutMs: 50 }),
    refusedWith("agent/no-answer", /within 50 ms/),
  );
  silent.kill();
  const ending = spawn("true", { stdio: ["pipe", "pipe", "inherit"] });
  const ended = Duplex.from({ writable: ending.stdin, readable: ending.stdout });
  const connecting = AgentClient.connect(ended, { label: "test", timeoutMs: 30_000 });
  await assert.rejects(connecting, refusedWith("agent/disconnected"));
});

test("AgentClient.connect() finds the agent behind left-overs and nonsense", async () => {
  const { stream, stop } = startAgent();
  try {
    const yes = Buffer.from("\u0001\0\0\0yes\0", "latin1");
    stream.write(BEGINNING);
    stream.write(encodeFrame(7, FrameType.EXEC, yes));
    stream.write(encodeFrame(8, 200 as FrameType, yes));
    stream.write(Buffer.alloc(1000, 0xff));
    await using agent = await AgentClient.connect(stream, { label: "test", timeoutMs: 30_000 });
    assert.equal(`${(await agent.exec(["echo", "here"])).stdout}`, "here\n");
  } finally {
    stop();
  }
});

test("AgentClient.atEnd() takes as many wishes as the agent has room for, and withdraws them", () =>
  withAgent(async (agent) => {
    const request = { op: 17, args: [], arena: new Uint8Array(8), pointers: [], outputLength: 0 };
    for (let key = 0; key < 64; key++) await agent.atEnd(key, request);
    await agent.atEnd(7, request);
    await assert.rejects(agent.atEnd(64, request), refusedWith("agent/refused", /too many wishes/));
    await agent.atEnd(7, undefined);
    await agent.atEnd(64, request);
    const long = { ...request, arena: new Uint8Array(5000) };
    await assert.rejects(agent.atEnd(1, long), refusedWith("agent/refused", /too long/));
  }));

test("the agent outlives whatever frames a client makes up", { skip: onXen }, async () => {
  const { stream, stop } = startAgent();
  const channel = fc.nat({ max: 3 });
  const made = fc.oneof(
    fc.tuple(channel, fc.integer({ min: 1, max: 12 }), fc.uint8Array({ maxLength: 80 })),
    // Hypercalls and credits whose form is right, and whose numbers are anything.
    fc.tuple(channel, fc.constant(FrameType.HYPERCALL), fc.uint8Array({ minLength: 57 })),
    fc.tuple(channel, fc.constant(FrameType.AT_END), fc.uint8Array({ maxLength: 80 })),
    fc.tuple(channel, fc.constant(FrameType.CREDIT), fc.uint8Array({ minLength: 5, maxLength: 5 })),
    fc.tuple(channel, fc.constant(FrameType.EXEC), fc.constant(Buffer.from("\u0001\0\0\0cat\0"))),
    fc.tuple(channel, fc.constant(FrameType.STDIN), fc.constant(new Uint8Array(100_000))),
  );
  stream.write(BEGINNING);
  try {
    for (const [number, type, payload] of fc.sample(made, { numRuns: 500, seed: 4711 })) {
      stream.write(escapeFrames(encodeFrame(number, type as FrameType, payload)));
    }
    await using agent = await AgentClient.connect(stream, { label: "test", timeoutMs: 30_000 });
    assert.equal(`${(await agent.exec(["echo", "here"])).stdout}`, "here\n");
  } finally {
    stop();
  }
});

function unescaped(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes).toString("latin1").replaceAll("\u00f5\0", "\u00f5");
  return Buffer.from(text, "latin1");
}

test("AgentClient takes no more from an agent than it gave room for", async () => {
  const flood = new Duplex({ read: () => undefined });
  flood._write = (bytes: Uint8Array, _encoding, done): void => {
    // A HELLO comes back with a version behind its nonce; whatever else is asked gets a flood.
    if (bytes[0] === ESCAPE) {
      const nonce = unescaped(bytes.subarray(BEGINNING.length)).subarray(FRAME_HEADER_SIZE);
      const answer = Buffer.concat([nonce, Uint8Array.of(PROTOCOL_VERSION, 0, 0, 0)]);
      flood.push(encodeFrame(0, FrameType.HELLO, answer));
    } else if (bytes[8] === FrameType.EXEC) {
      const chunk = encodeFrame(bytes[4] ?? 0, FrameType.STDOUT, new Uint8Array(100_000));
      for (let count = 0; count < 3; count++) flood.push(chunk);
    }
    done();
  };
  await using agent = await AgentClient.connect(flood, { label: "test", timeoutMs: 30_000 });
  const unread = agent.spawn(["yes"]);
  await assert.rejects(unread.exit, refusedWith("agent/protocol", /more than the receive window/));
});
