// With the socket of a system's log, and a `logger` that keeps what it is given.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { LoggedAction } from "../../host/journal-store.ts";
import { ScriptJournal } from "./script.ts";
import { MESSAGE_ID, SYSTEM_LOG_SOCKETS, TELL_FUNCTION, tellArguments } from "./system-log.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-system-log-"));
const socket = join(folder, "socket");
const server = createServer().listen(socket);
server.unref();
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
writeFileSync(
  join(folder, "logger"),
  `#!/bin/sh\n{ echo "logger $*"; [ "$1" != --journald ] || cat; } >>"$KEPT"\n[ "$1" != --journald ] || exit "$JOURNALD"\n`,
);
chmodSync(join(folder, "logger"), 0o755);

const applied: LoggedAction = {
  action: "apply",
  name: "fix",
  by: "alice",
  from: "mgmt1",
  result: "done",
  stack: ["base", "fix"],
};

interface Machine {
  readonly journald?: string;
  readonly syslog?: string;
  readonly journaldFails?: boolean;
}

function environmentOf(kept: string, { journaldFails = false }: Machine) {
  const PATH = `${folder}:${process.env["PATH"]}`;
  return { ...process.env, PATH, KEPT: kept, JOURNALD: journaldFails ? "1" : "0" };
}

/** The sockets in the arguments are those of the test. */
function onMachine(args: readonly string[], { journald = "", syslog = "" }: Machine) {
  return args.map((arg) =>
    arg === SYSTEM_LOG_SOCKETS[0] ? journald : arg === SYSTEM_LOG_SOCKETS[1] ? syslog : arg,
  );
}

let number = 0;
function told(action: LoggedAction, machine: Machine): string {
  const kept = join(folder, `kept-${number++}`);
  const words = onMachine(tellArguments(action), machine);
  const run = spawnSync("sh", ["-c", `${TELL_FUNCTION}\ntell "$@"`, "sh", ...words], {
    encoding: "utf8",
    env: environmentOf(kept, machine),
  });
  assert.deepEqual([run.status, run.stdout, run.stderr], [0, "", ""]);
  return existsSync(kept) ? readFileSync(kept, "utf8") : "";
}

test("tell() gives systemd's journal a field for each fact", () => {
  assert.equal(
    told(applied, { journald: socket, syslog: socket }),
    `logger --journald
MESSAGE=apply of "fix" by alice at mgmt1: done
MESSAGE_ID=${MESSAGE_ID}
PRIORITY=5
SYSLOG_IDENTIFIER=xsplice
XSPLICE_ACTION=apply
XSPLICE_PAYLOAD=fix
XSPLICE_RESULT=done
XSPLICE_BY=alice
XSPLICE_FROM=mgmt1
XSPLICE_APPLIED=base fix
`,
  );
});

test("tell() gives syslog a line where there is no systemd, or its logger cannot speak to it", () => {
  const refused = { ...applied, result: "host/refused" };
  const line = 'logger -t xsplice -p user.err -- apply of "fix" by alice at mgmt1: host/refused\n';
  assert.equal(told(refused, { syslog: socket }), line);
  const failing = { journald: socket, syslog: socket, journaldFails: true };
  assert.ok(told(refused, failing).endsWith(line));
});

test("tell() is silent on a host without a log of the system", () => {
  assert.equal(told(applied, {}), "");
});

test("tellArguments() lets no name make a field or a line of its own", () => {
  const name = "a\nPRIORITY=0\nMESSAGE=forged\u2028\u001b[2J\u202e";
  const text = told({ ...applied, name, by: "eve\nXSPLICE_BY=root" }, { journald: socket });
  const lines = text.trim().split("\n");
  assert.equal(lines.length, 11);
  assert.equal(lines.filter((line) => /^(PRIORITY|MESSAGE|XSPLICE_BY)=/.test(line)).length, 3);
  assert.ok(lines.includes("XSPLICE_BY=eve\\u000aXSPLICE_BY=root"));
  assert.ok(
    lines.includes(
      "XSPLICE_PAYLOAD=a\\u000aPRIORITY=0\\u000aMESSAGE=forged\\u2028\\u001b[2J\\u202e",
    ),
  );
});

test("ScriptJournal.write() tells of an action that has ended, and of nothing else", async () => {
  const kept = join(folder, "kept-by-script");
  const machine = { journald: socket };
  const journal = new ScriptJournal("a dom0", async ({ script, args = [], stdin }) => {
    const words = [
      "-c",
      script,
      "xsplice",
      join(folder, "dom0"),
      ...onMachine(args.slice(1), machine),
    ];
    const env = environmentOf(kept, machine);
    const run = spawnSync("sh", words, { env, ...(stdin && { input: stdin }) });
    return {
      stdout: run.stdout.toString(),
      stderr: run.stderr.toString(),
      exitCode: run.status ?? 1,
    };
  });
  const options = { deadlineMs: 30_000 };
  await journal.write("begun", options);
  assert.ok(!existsSync(kept));
  await journal.write("ended", options, applied);
  assert.match(readFileSync(kept, "utf8"), /XSPLICE_RESULT=done/);
  assert.equal(await journal.read(options), "ended");
  await journal.tell({ ...applied, result: "stopped" }, options);
  assert.match(readFileSync(kept, "utf8"), /XSPLICE_RESULT=stopped/);
  assert.equal(await journal.read(options), "ended");
});
