// Whatever a command has started ends with it: at its time limit, and at the first ^C, though it hears no signal
// and has left group, session and parent.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/hosts/clock.ts";
import { startDeadline } from "../../src/hosts/deadline.ts";
import { runHere } from "../../src/hosts/run-here.ts";
import { runProcess } from "../../src/parts/run-process.ts";
import { runMake } from "../../src/xen-make/run.ts";
import { runCompiler } from "../../src/xen-make/run-compiler.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** Programs of a folder that may only be ended by force, and the ids of all their processes. */
class Villain {
  readonly folder = mkdtempSync(join(tmpdir(), "xsplice-villain-"));
  readonly #pids = join(this.folder, "pids");

  constructor(t: TestContext) {
    t.after(() => {
      for (const pid of this.#started()) if (isAlive(pid)) process.kill(pid, "SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    });
    this.program(
      "daemon",
      `trap "" TERM INT HUP; echo $$ >>${this.#pids}; sleep 600 & echo $! >>${this.#pids}; wait; wait`,
    );
    this.program(
      "hang",
      `trap "" TERM INT HUP; (setsid "${join(this.folder, "daemon")}" &); echo $$ >>${this.#pids}; sleep 600 & echo $! >>${this.#pids}; wait; wait`,
    );
  }

  program(name: string, script: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  get hang(): string {
    return join(this.folder, "hang");
  }

  #started(): readonly number[] {
    try {
      return readFileSync(this.#pids, "utf8").split("\n").slice(0, -1).map(Number);
    } catch {
      return [];
    }
  }

  /** The program, its child, the daemon and its child. */
  async atWork(): Promise<void> {
    for (let count = 0; this.#started().length < 4; count++) {
      if (count > 2000) assert.fail("it does not begin");
      await sleep(10);
    }
  }

  async requireGone(): Promise<void> {
    const pids = this.#started();
    assert.equal(pids.length, 4);
    for (let count = 0; pids.some(isAlive) && count < 500; count++) await sleep(10);
    assert.deepEqual(pids.filter(isAlive), []);
  }
}

/** A process that nobody has waited for is dead as well. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[XZ]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

interface Ended {
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly ms: number;
}

async function runAsProcess(
  args: readonly string[],
  { villain, stop }: { readonly villain: Villain; readonly stop: boolean },
): Promise<Ended> {
  const PATH = `${villain.folder}${delimiter}${process.env["PATH"]}`;
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, PATH },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += String(text);
  });
  await villain.atWork();
  const startedAt = performance.now();
  if (stop) child.kill("SIGINT");
  await once(child, "close");
  return { exitCode: child.exitCode, stderr, ms: performance.now() - startedAt };
}

for (const stop of [false, true]) {
  const how = stop ? "the first ^C" : "--timeout";
  test(`xsplice ends at ${how} with all that a ProxyCommand has started`, async (t) => {
    const villain = new Villain(t);
    // The system's own ssh, with the ProxyCommand that a user's configuration would name.
    villain.program(
      "ssh",
      `exec /usr/bin/ssh -F /dev/null -o "ProxyCommand=${villain.hang}" -o BatchMode=yes "$@"`,
    );
    const limit = stop ? "60" : "3";
    const args = ["--host", "ssh:root@evil.invalid", "--timeout", limit, "list"];
    const ended = await runAsProcess(args, { villain, stop });
    assert.equal(ended.exitCode, stop ? 130 : 2, ended.stderr);
    assert.ok(ended.ms < 10_000, `${ended.ms}`);
    await villain.requireGone();
  });
}

/** Gives up as soon as it is at work. */
async function givenUp(
  villain: Villain,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const controller = new AbortController();
  const working = assert.rejects(work(controller.signal), /enough/);
  await villain.atWork();
  controller.abort(new Error("enough"));
  await working;
  await villain.requireGone();
}

test("runMake() that is given up leaves nothing that make has started", async (t) => {
  const villain = new Villain(t);
  const makeFile = villain.program("Makefile", `all:\n\t@${villain.hang}`).toString();
  const tools = {
    variables: [],
    environment: { PATH: process.env["PATH"] ?? "" },
    sandbox: { kind: "none", because: "this is a test", isWanted: true },
  } as unknown as Parameters<typeof runMake>[0]["tools"];
  mkdirSync(join(villain.folder, "xen"));
  await givenUp(villain, (signal) =>
    runMake({ tree: villain.folder, tools, goals: ["all"], makeFile, jobs: 1, signal }),
  );
});

test("runCompiler() that is given up leaves nothing that the compiler has started", async (t) => {
  const villain = new Villain(t);
  await givenUp(villain, (signal) => runCompiler(villain.hang, [], signal));
});

test("runProcess() that is given up leaves nothing that the program has started", async (t) => {
  const villain = new Villain(t);
  await givenUp(villain, (signal) => runProcess([villain.hang], { signal }));
});

test("runHere() that is given up leaves nothing that a script of this dom0 has started", async (t) => {
  const villain = new Villain(t);
  const script = { task: "hang", script: villain.hang };
  await givenUp(villain, (signal) =>
    runHere(script, startDeadline("here", { deadlineMs: 60_000, signal }, systemClock)),
  );
});
