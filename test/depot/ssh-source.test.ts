// A depot read by ssh: the script that runs on the other side is run here, by a command named ssh that has no
// other side, or misbehaves. The connection itself is ssh's own.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DepotError } from "../../src/depot/errors.ts";
import { sshSource } from "../../src/depot/read/ssh.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-ssh-depot-"));
const depot = join(world, "it's a depot");
mkdirSync(join(depot, "metadata"), { recursive: true });
const { PATH } = process.env;
after(() => {
  process.env["PATH"] = PATH;
  rmSync(world, { recursive: true });
});

/** @param script gets the words of ssh; the last one is what the other side's shell would get */
function useSsh(script: string): void {
  const folder = mkdtempSync(join(world, "bin-"));
  writeFileSync(join(folder, "ssh"), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  process.env["PATH"] = `${folder}:${PATH}`;
}

const otherSide = 'for last; do :; done; sh -c "$last"';

function source(deadlineMs = 20_000) {
  const { signal } = new AbortController();
  return sshSource(`ssh:root@depot:${depot}`, { signal, deadlineMs });
}

function refusal(code: string, words: RegExp) {
  return (error: unknown): boolean =>
    error instanceof DepotError && error.report.code === code && words.test(error.message);
}

test("sshSource() reads a file byte for byte, whatever a login shell prints around it", async () => {
  useSsh(`echo "Welcome 12"; echo; ${otherSide}; echo Bye`);
  const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) & 0xff);
  writeFileSync(join(depot, "metadata/a b.bin"), bytes);
  assert.deepEqual(await source().read("metadata/a b.bin", bytes.length), bytes);
  writeFileSync(join(depot, "metadata/none"), "");
  assert.deepEqual(await source().read("metadata/none", 10), new Uint8Array());
});

test("sshSource() knows a file that is not there from a depot that is not", async () => {
  useSsh(otherSide);
  assert.equal(await source().read("metadata/gone.json", 10), undefined);
  const { signal } = new AbortController();
  const elsewhere = sshSource(`ssh:root@depot:${world}/nowhere`, { signal, deadlineMs: 20_000 });
  await assert.rejects(
    elsewhere.read("metadata/root.json", 10),
    refusal("depot/unreachable", /nowhere/),
  );
});

test("sshSource() reads no more of a file than it may have", async () => {
  useSsh(otherSide);
  writeFileSync(join(depot, "metadata/long"), "12345678901");
  await assert.rejects(
    source().read("metadata/long", 10),
    refusal("depot/not-trusted", /longer than it may be/),
  );
});

test("sshSource() ends a host that prints without end", async () => {
  useSsh("exec cat /dev/zero");
  await assert.rejects(
    source().read("metadata/root.json", 10),
    refusal("depot/not-trusted", /longer than it may be/),
  );
});

test("sshSource() ends what ssh has started, when it does not answer in time", async () => {
  const place = join(world, "child");
  useSsh(`sleep 600 & echo $! > '${place}.new'; mv '${place}.new' '${place}'; wait`);
  await assert.rejects(
    source(1500).read("metadata/root.json", 10),
    refusal("depot/unreachable", /no end within 1500 ms/),
  );
  const child = readFileSync(place, "utf8").trim();
  await sleep(100);
  assert.throws(() => readFileSync(`/proc/${child}/cmdline`), /ENOENT/);
});

test("sshSource() says what ssh said of a connection that fails", async () => {
  useSsh('echo "ssh: Could not resolve hostname depot" >&2; exit 255');
  await assert.rejects(
    source().read("metadata/root.json", 10),
    refusal("depot/unreachable", /Could not resolve hostname/),
  );
});
