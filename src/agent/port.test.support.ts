// The agent on a virtio-serial port: fake-port.h stands in for the kernel, and the test for QEMU and
// for whoever connects. Not a test.

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AgentClient } from "./client.ts";

const agentSource = fileURLToPath(new URL("../../../share/agent/agent.c", import.meta.url));
const fakePort = fileURLToPath(new URL("../../../src/agent/fake-port.h", import.meta.url));
/** Empty but for the agent, until the tests of the file are over. */
export let folder = "";
let program = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "xsplice-port-"));
  program = join(folder, "agent");
  const flags = ["-Os", "-Wall", "-Wextra", "-Werror", "-include", fakePort];
  execFileSync("gcc", [...flags, "-o", program, agentSource]);
});

after(() => rmSync(folder, { recursive: true }));

export type News = "opened" | "closed" | "stopped";

export class Port implements Disposable {
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

  /** Until the agent has looked at the port, and then left it alone for as long as fifty looks would take. */
  async readsNoMore(): Promise<void> {
    const deadline = Date.now() + 30_000;
    let last = Number.POSITIVE_INFINITY;
    const onRead = (): void => {
      last = Date.now();
    };
    this.#news.on("data", onRead);
    while (Date.now() < last + 500) {
      assert.ok(Date.now() < deadline, "the agent goes on looking");
      await sleep(20);
    }
    this.#news.off("data", onRead);
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

export async function expectWorking(client: AgentClient, word = "here"): Promise<void> {
  assert.equal(`${(await client.exec(["echo", word])).stdout}`, `${word}\n`);
}
