// Files that the real agent reads and writes, built here and run over standard input and output.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { AgentClient } from "./client.ts";
import { FILE_BYTES_MAX } from "./wire.ts";

const source = fileURLToPath(new URL("../../../share/agent/agent.c", import.meta.url));
let folder = "";
let program = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "xsplice-agent-files-"));
  program = join(folder, "agent");
  execFileSync("gcc", ["-Os", "-Wall", "-Wextra", "-Werror", "-o", program, source]);
});

after(() => rmSync(folder, { recursive: true }));

async function withAgent(use: (agent: AgentClient) => Promise<void>): Promise<void> {
  const child = spawn(program, ["-"], { stdio: ["pipe", "pipe", "inherit"] });
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
  try {
    await using agent = await AgentClient.connect(stream, { label: "test", timeoutMs: 30_000 });
    await use(agent);
  } finally {
    child.kill("SIGKILL");
  }
}

test("AgentClient.readFile() reads a file, and one of /proc, which has no size", () =>
  withAgent(async (agent) => {
    const path = join(folder, "some file");
    for (const size of [0, 1, 70_000, FILE_BYTES_MAX]) {
      const content = Buffer.alloc(size, "abcdefg\u00f5");
      writeFileSync(path, content);
      const { result, output } = await agent.readFile(path);
      assert.equal(result, 0);
      assert.ok(content.equals(output), `${size}`);
    }
    const { output } = await agent.readFile("/proc/sys/kernel/random/boot_id");
    assert.match(`${Buffer.from(output)}`, /^[0-9a-f-]{36}\n$/);
  }));

test("AgentClient.readFile() tells by Linux' number why it cannot, and waits for no pipe", () =>
  withAgent(async (agent) => {
    writeFileSync(join(folder, "big"), Buffer.alloc(FILE_BYTES_MAX + 1));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const answers: Readonly<Record<string, number>> = { missing: 2, big: 27, pipe: 22, ".": 22 };
    for (const [name, errno] of Object.entries(answers)) {
      const { result, output } = await agent.readFile(join(folder, name));
      assert.deepEqual([result, output.length], [-errno, 0], name);
    }
    await assert.rejects(agent.readFile("relative"), /without a path/);
    await assert.rejects(agent.readFile("/a\0b"), /without a path/);
    await assert.rejects(agent.readFile(`/${"x".repeat(2000)}`), /without a path/);
  }));

test("AgentClient.writeFile() writes a file whole, for its owner alone, and makes its folder", () =>
  withAgent(async (agent) => {
    const place = join(folder, "made");
    const path = join(place, "journal.json");
    for (const text of ["first", "", "x".repeat(1_000_000)]) {
      assert.equal((await agent.writeFile(path, Buffer.from(text))).result, 0);
      assert.equal(readFileSync(path, "utf8"), text);
    }
    assert.deepEqual([statSync(path).mode & 0o777, statSync(place).mode & 0o777], [0o600, 0o700]);
    assert.deepEqual(readdirSync(place), ["journal.json"]);
  }));

test("AgentClient.writeFile() follows no link that is in its way, and leaves nothing when it fails", () =>
  withAgent(async (agent) => {
    const place = join(folder, "guarded");
    mkdirSync(join(place, "taken"), { recursive: true });
    chmodSync(place, 0o700);
    writeFileSync(join(folder, "victim"), "untouched");
    symlinkSync(join(folder, "victim"), join(place, "journal"));
    assert.equal((await agent.writeFile(join(place, "journal"), Buffer.from("new"))).result, 0);
    assert.equal(readFileSync(join(folder, "victim"), "utf8"), "untouched");
    // A directory is in its place.
    assert.ok((await agent.writeFile(join(place, "taken"), Buffer.from("new"))).result < 0);
    assert.ok((await agent.writeFile(join(folder, "no/such/place"), Buffer.from("x"))).result < 0);
    assert.deepEqual(readdirSync(place).sort(), ["journal", "taken"]);
    assert.ok(!existsSync(join(folder, "no")));
    await assert.rejects(agent.writeFile("relative", Buffer.from("x")), /without a path/);
  }));
