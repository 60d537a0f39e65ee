// How many sessions of ssh, and so how many logins, each kind of work costs.

import assert from "node:assert/strict";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { HostError } from "../../host/errors.ts";
import { systemClock } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import { SshConnection } from "./connection.ts";
import { actOptions, makePlace, options, soon, withHost } from "./fake-dom0.test.support.ts";
import { openSshHost } from "./open.ts";

/** A line in a file for each login. */
const login = 'echo login >>"@TMP@/../logins"';

async function logins(folder: string): Promise<number> {
  return (await readFile(join(folder, "logins"), "utf8")).split("\n").length - 1;
}

test("openSshHost() asks everything, and acts, in one session; an upload and the lock have their own", async () => {
  await withHost(
    async (host, { folder }) => {
      await host.info(options);
      await host.list(options);
      assert.equal(await host.journal?.read(options), undefined);
      assert.equal(await logins(folder), 1);
      const lock = await host.lock?.(options);
      assert.equal(await logins(folder), 2);
      await host.upload("fix", new Uint8Array(100_000), options);
      assert.equal(await logins(folder), 3);
      await host.act("apply", "fix", actOptions);
      await host.act("revert", "fix", actOptions);
      await host.console(undefined, options);
      assert.equal(await logins(folder), 3);
      await lock?.[Symbol.asyncDispose]();
    },
    { login },
  );
});

test("openSshHost() becomes root by sudo where it is told to, for everything", async () => {
  // Another user has no xl, and no xen-livepatch, that works.
  const asUser = `case "$command" in "sudo -n -- sh -c "*) ;; *) exit 1 ;; esac`;
  const sudo = '#!/bin/sh\n[ "$1 $2" = "-n --" ] || exit 1\nshift 2\nexec "$@"\n';
  const place = await makePlace({ login: asUser, programs: { sudo } });
  const { command } = place;
  const destination = "admin@dom0";
  await assert.rejects(openSshHost({ destination, command, ...options }), /Cannot reach/);
  {
    await using host = await openSshHost({ destination, command, becomeRoot: "sudo", ...options });
    await host.upload("fix", new Uint8Array(100_000), options);
    await host.act("apply", "fix", actOptions);
    await (await host.lock?.(options))?.[Symbol.asyncDispose]();
    assert.deepEqual(await host.status("fix", options), { kind: "applied" });
  }
  const refuses = "echo 'sudo: a password is required' >&2; exit 1";
  const strict = await makePlace({ login: refuses });
  await assert.rejects(
    openSshHost({ destination, command: strict.command, becomeRoot: "sudo", ...options }),
    /a password is required(.*\n)*.*ssh admin@dom0 sudo -n true/,
  );
  for (const { folder } of [place, strict]) await rm(folder, { recursive: true });
});

test("SshConnection.open() keeps its socket elsewhere when TMPDIR is too long for one", async () => {
  const { folder, command } = await makePlace({ login: 'echo "$*" >"@TMP@/../arguments"' });
  const long = join(folder, "t".repeat(90));
  await mkdir(long);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = long;
  try {
    await using _ = await SshConnection.open({ destination: "dom0", command }, forever());
    const words = await readFile(join(folder, "arguments"), "utf8");
    const [, path = ""] = /ControlPath=(\S+)/.exec(words) ?? [];
    assert.ok(path.length + 17 <= 107, path);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
  await rm(folder, { recursive: true });
});

test("SshConnection.run() gives a script its input, outputs and exit code, one after the other", async () => {
  const { folder, command } = await makePlace({ login });
  await using connection = await SshConnection.open({ destination: "dom0", command }, forever());
  const texts = ["", "one\n", "'\"$(x)`\\ä\n\n", "no end", "x".repeat(200_000), "NUL\0\n"];
  for (const [code, text] of texts.entries()) {
    const script = 'cat; cat "$1" >&2; exit $2';
    const remote = { task: "try", script, args: ["/no/such", String(code)], stdin: bytes(text) };
    const result = await connection.run(remote, soon());
    assert.equal(result.stdout, text);
    assert.match(result.stderr, /^[^\n]*no\/such[^\n]*\n$/);
    assert.equal(result.exitCode, code);
  }
  const ends: Readonly<Record<string, number>> = {
    "exit 255": 255,
    "exec sh -c 'exit 9'": 9,
    "kill -9 $$": 137, // as the kernel does where memory is short
    "set -e; false": 1,
    if: 2, // not the shell's language
    cat: 0,
    "printf half": 0,
  };
  for (const [script, exitCode] of Object.entries(ends)) {
    const result = await connection.run({ task: "try", script }, soon());
    assert.equal(result.exitCode, exitCode, script);
  }
  assert.equal(await logins(folder), 4); // those without a line's end, the large one, the one with NUL
  await rm(folder, { recursive: true });
});

test("SshConnection.run() goes on after a script that was given up, and beside one that runs", async () => {
  const { folder, command } = await makePlace({ login });
  await using connection = await SshConnection.open({ destination: "dom0", command }, forever());
  const slow = connection.run({ task: "wait", script: "sleep 1; echo slow" }, soon());
  const quick = await connection.run({ task: "say", script: "echo quick" }, soon());
  assert.equal(quick.stdout, "quick\n");
  assert.equal((await slow).stdout, "slow\n");
  assert.equal(await logins(folder), 2);
  const impatient = startDeadline("dom0", { deadlineMs: 100 }, systemClock);
  const stuck = connection.run({ task: "wait", script: "sleep 3; echo late" }, impatient);
  await assert.rejects(stuck, (error: unknown) => {
    return error instanceof HostError && error.report.code === "host/timeout";
  });
  assert.equal((await connection.run({ task: "say", script: "echo on" }, soon())).stdout, "on\n");
  await rm(folder, { recursive: true });
});

test("SshConnection.run() tells of a connection that ends under a script", async () => {
  const { folder, command } = await makePlace({ login: 'echo $$ >"@TMP@/../session"' });
  await using connection = await SshConnection.open({ destination: "dom0", command }, forever());
  const script = 'kill -9 "$(cat "$1/session")" $PPID $$';
  await assert.rejects(
    connection.run({ task: "list the payloads", script, args: [folder] }, soon()),
    (error: unknown) => error instanceof HostError && error.report.code === "host/unreachable",
  );
  await rm(folder, { recursive: true });
});

function forever(): AbortSignal {
  return new AbortController().signal;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
