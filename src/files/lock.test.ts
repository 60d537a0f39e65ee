import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { emptyFolder, kill, runUntilKilled } from "./files.test.support.ts";
import { type FileLock, tryLock, waitForLock } from "./lock.ts";

const lockModule = JSON.stringify(new URL("./lock.js", import.meta.url).href);

function requireLock(path: string): FileLock {
  return tryLock(path) ?? assert.fail(`${path} is locked`);
}

test("tryLock() lets one in at a time, of this process too", (t) => {
  const path = join(emptyFolder(t), "lock");
  const first = requireLock(path);
  assert.equal(tryLock(path), undefined);
  assert.equal(tryLock(path, { kind: "shared" }), undefined);
  first[Symbol.dispose]();
  requireLock(path)[Symbol.dispose]();
});

test("tryLock() lets several share, and nobody beside them", (t) => {
  const path = join(emptyFolder(t), "lock");
  const shared = [1, 2].map(() => tryLock(path, { kind: "shared" }) ?? assert.fail());
  assert.equal(tryLock(path), undefined);
  for (const lock of shared) lock[Symbol.dispose]();
  requireLock(path)[Symbol.dispose]();
});

test("tryLock() makes no file where it is to take only one that is there", (t) => {
  const path = join(emptyFolder(t), "lock");
  assert.throws(() => tryLock(path, { file: "if it is there" }), { code: "ENOENT" });
});

test("tryLock() gets what a killed process held, as soon as that is gone", async (t) => {
  const path = join(emptyFolder(t), "lock");
  const script = `import { tryLock } from ${lockModule};
    globalThis.lock = tryLock(${JSON.stringify(path)});`;
  const holder = await runUntilKilled(t, script);
  assert.equal(tryLock(path), undefined);
  await kill(holder);
  requireLock(path)[Symbol.dispose]();
});

test("waitForLock() gets in when the holder lets go, and gives up when it is told to", async (t) => {
  const path = join(emptyFolder(t), "lock");
  const first = requireLock(path);
  const impatient = waitForLock(path, { signal: AbortSignal.timeout(50) });
  const patient = waitForLock(path);
  await assert.rejects(impatient, { name: "TimeoutError" });
  first[Symbol.dispose]();
  const second = await patient;
  assert.equal(tryLock(path), undefined);
  second[Symbol.dispose]();
});

test("waitForLock() goes on waiting when the file that it waited for was removed", async (t) => {
  const path = join(emptyFolder(t), "lock");
  const remover = requireLock(path);
  const waiting = waitForLock(path);
  // Its flock(1) has opened nothing of its own: it waits for this very file.
  rmSync(path);
  const newcomer = requireLock(path);
  let isIn = false;
  const entered = waiting.then((lock) => {
    isIn = true;
    return lock;
  });
  remover[Symbol.dispose]();
  // The waiter holds the removed file's lock now; it must notice and queue behind the newcomer.
  await assert.rejects(waitForLock(path, { signal: AbortSignal.timeout(300) }), {
    name: "TimeoutError",
  });
  assert.equal(isIn, false, "two hold one lock");
  newcomer[Symbol.dispose]();
  (await entered)[Symbol.dispose]();
});

test("tryLock() locks in spite of a ^C, of which its caller is told", async (t) => {
  const folder = emptyFolder(t);
  const path = join(folder, "lock");
  const slow = `#!/bin/sh\n: >${folder}/begun\nsleep 0.5\nPATH=$REST exec flock "$@"\n`;
  writeFileSync(join(folder, "flock"), slow, { mode: 0o755 });
  const script = `import { tryLock } from ${lockModule};
    process.on("SIGINT", () => process.stdout.write(" interrupted"));
    const lock = tryLock(${JSON.stringify(path)});
    process.stdout.write(lock ? "locked" : "taken");
    setTimeout(() => {}, 100);`;
  const rest = process.env["PATH"];
  const env = { ...process.env, REST: rest, PATH: `${folder}:${rest}` };
  // A group of its own, as a shell makes one for the terminal's foreground.
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    detached: true,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = text(child.stdout);
  while (!existsSync(join(folder, "begun")) && child.exitCode === null) await sleep(5);
  process.kill(-(child.pid ?? assert.fail()), "SIGINT");
  assert.equal(await said, "locked interrupted");
});

test("tryLock() says that a signal ended flock, and nothing of the file", (t) => {
  const folder = emptyFolder(t);
  writeFileSync(join(folder, "flock"), "#!/bin/sh\nkill -KILL $$\n", { mode: 0o755 });
  const path = process.env["PATH"];
  process.env["PATH"] = folder;
  t.after(() => {
    process.env["PATH"] = path;
  });
  assert.throws(() => tryLock(join(folder, "lock")), /a signal ended the program flock/);
});

test("tryLock() says which program it lacks, and what cannot be locked", (t) => {
  const folder = emptyFolder(t);
  assert.throws(() => tryLock(join(folder, "none/lock")), { code: "ENOENT" });
  const path = process.env["PATH"];
  process.env["PATH"] = folder;
  try {
    assert.throws(
      () => tryLock(join(folder, "lock")),
      /the program flock is missing\n +remedy: +install it/,
    );
    writeFileSync(join(folder, "flock"), "#!/bin/sh\necho no locks here >&2\nexit 1\n", {
      mode: 0o755,
    });
    assert.throws(
      () => tryLock(join(folder, "lock")),
      /Cannot lock ".*lock"\n +where: +no locks here/,
    );
  } finally {
    process.env["PATH"] = path;
  }
});
