// What becomes of the processes that a client of the agent's port started, when the client goes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentClient } from "./client.ts";
import { expectWorking, Port } from "./port.test.support.ts";

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

/** @returns its number */
async function startSleeper(client: AgentClient): Promise<number> {
  const sleeper = client.spawn(["sh", "-c", "echo $$; exec sleep 600"]);
  const [word] = (await once(sleeper.stdout, "data")) as [Buffer];
  return Number(`${word}`);
}

test("the agent ends what a client started that went for good", async () => {
  using port = new Port();
  port.tell("opened");
  const client = await port.connect();
  const running = `/proc/${await startSleeper(client)}`;
  await client.close();
  port.tell("closed");
  const deadline = Date.now() + 20_000;
  while (existsSync(running) && Date.now() < deadline) await sleep(20);
  assert.ok(!existsSync(running), "the process outlived its client");
});

test("the agent ends at a beginning what the client before it had started", async () => {
  using port = new Port();
  port.tell("opened");
  const pid = await startSleeper(await port.connect());
  const second = await port.connect();
  const command = ["sh", "-c", `while kill -0 ${pid} 2>&-; do sleep 0.02; done`];
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
  const startAll = (client: AgentClient): Promise<number[]> =>
    Promise.all(Array.from({ length: 64 }, () => startSleeper(client)));
  const killed = await startAll(await port.connect());
  const running = await startAll(await port.connect());
  try {
    while (killed.some((pid) => stateOf(pid) !== undefined)) await sleep(5);
    assert.ok(running.every((pid) => /[DRS]/.test(stateOf(pid) ?? "")));
  } finally {
    for (const pid of running) process.kill(pid, "SIGKILL");
  }
});
