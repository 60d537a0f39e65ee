// A host over ssh, or what stands between, that prints without an end or never answers.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openSshHost } from "../../src/hosts/ssh/open.ts";

const refused = (error: unknown): boolean =>
  error instanceof Error &&
  /^Cannot (reach|connect)|within/.test(error.message) &&
  error.message.length < 5000;

for (const [what, script] of Object.entries({
  "a ProxyCommand that hangs": 'sleep 600 & echo $! >"$0.pids"; wait',
  "a ProxyCommand that hangs and hears no signal":
    'sh -c \'trap "" TERM INT HUP; sleep 600 & echo $$ $!; wait\' >"$0.pids"',
  "a ProxyCommand that is a daemon, away from group, session and parent":
    '(setsid sh -c \'sleep 600 & echo $$ $! >"$0.pids"; trap "" TERM INT HUP; wait; wait\' "$0" &); sleep 600',
  "a host that floods the error output": 'yes >&2 & echo $! >"$0.pids"; wait',
  "a host that floods the output": 'yes & echo $! >"$0.pids"; wait',
})) {
  test(`${what} is given up, and nothing of it is left`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "xsplice-evil-ssh-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const ssh = join(folder, "ssh");
    writeFileSync(ssh, `#!/bin/sh\n${script}\n`);
    chmodSync(ssh, 0o755);
    const started = performance.now();
    const opening = openSshHost({ destination: "root@evil", command: [ssh], deadlineMs: 1500 });
    await assert.rejects(opening, refused);
    assert.ok(performance.now() - started < 10_000);
    assert.ok(process.memoryUsage().rss < 400e6);
    const pids = readFileSync(`${ssh}.pids`, "utf8").trim().split(/\s+/).map(Number);
    assert.ok(pids.length > 0);
    for (const pid of pids) await untilGone(pid);
  });
}

async function untilGone(pid: number): Promise<void> {
  for (let count = 0; count < 200; count++) {
    if (!isAlive(pid)) return;
    await sleep(10);
  }
  assert.fail(`process ${pid} is left`);
}

/** A process that nobody has waited for is dead as well. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[XZ]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
