// A login shell, or a program around each command, that prints before the command or after it: what the
// command prints itself is read as if they had not.

import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { HostError } from "../../host/errors.ts";
import type { LivepatchHost } from "../../host/host.ts";
import type { Deadline } from "../deadline.ts";
import { ScriptJournal } from "../journal/script.ts";
import type { RemoteScript } from "../remote-script.ts";
import { SshConnection } from "./connection.ts";
import { actOptions, makePlace, options, soon, withHost } from "./fake-dom0.test.support.ts";
import { lockRemote } from "./lock.ts";

const banners: Readonly<Record<string, string>> = {
  "prints on its output": "echo Welcome",
  "prints without a line's end": "printf Welcome",
  "prints on its error output": "echo Welcome >&2; printf Welcome >&2",
  "shows what it runs": "echo Welcome; set -x",
  "prints after the command": "run; code=$?; echo Goodbye; exit $code",
  "prints after it on its error output": "run; code=$?; echo Goodbye >&2; exit $code",
  "joins both outputs": "exec 2>&1; echo Welcome",
};

for (const [manner, login] of Object.entries(banners)) {
  test(`openSshHost() works with a login shell that ${manner}`, async () => {
    await withHost(
      async (host) => {
        assert.deepEqual(await host.list(options), []);
        await host.upload("fix", new Uint8Array(4), options);
        await host.act("apply", "fix", actOptions);
        assert.deepEqual(await host.list(options), [
          { name: "fix", status: { kind: "applied" }, metadata: [] },
        ]);
        assert.equal((await host.info(options)).version.minor, 17);
        assert.equal((await host.console(undefined, options)).text, "(XEN) hello\n");
      },
      { login },
    );
  });

  test(`openSshHost() uses an xsplice behind a login shell that ${manner}`, async () => {
    const xsplice = `#!/bin/sh
case "$*" in
*list) echo '{"payloads":[{"name":"fix","status":{"kind":"checked"}}]}' ;;
*info) echo '{"version":{"major":4,"minor":17,"extra":""}}' ;;
*) echo '{"error":{"code":"host/wrong-state","problem":"Cannot do that"}}' >&2; exit 1 ;;
esac
`;
    const use = async (host: LivepatchHost): Promise<void> => {
      assert.equal(host.capabilities.timeLimit, true); // so it is not the stock tool
      const [payload] = await host.list(options);
      assert.equal(payload?.name, "fix");
      await assert.rejects(host.act("apply", "fix", actOptions), (error: unknown) => {
        return error instanceof HostError && error.report.code === "host/wrong-state";
      });
    };
    await withHost(use, { login, programs: { xsplice } });
  });

  test(`lockRemote() and ScriptJournal work with a login shell that ${manner}`, async () => {
    const { folder, command } = await makePlace({ login });
    await using connection = await open(command);
    const moved = movedTo(folder);
    const journal = new ScriptJournal("a dom0", (remote, deadline) =>
      connection.run(moved(remote), deadline),
    );
    assert.equal(await journal.read(options), undefined);
    await journal.write("text\n", options);
    assert.equal(await journal.read(options), "text\n");
    const lockable = {
      label: "a dom0",
      hold: (remote: RemoteScript, deadline: Deadline) => connection.hold(moved(remote), deadline),
    };
    const lock = await lockRemote(lockable, options);
    assert.ok(lock);
    assert.equal(await lockRemote(lockable, options), undefined);
    await lock[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
}

test("SshConnection.open() says what is wrong with a terminal around each command", async () => {
  const { folder, command } = await makePlace({ login: "run | sed -u 's/$/\\r/'; exit 0" });
  await assert.rejects(open(command), (error: unknown) => {
    assert.ok(error instanceof HostError);
    assert.equal(error.report.code, "host/unsupported");
    assert.match(error.report.problem, /other line ends \(CR LF\)/);
    return true;
  });
  await rm(folder, { recursive: true });
});

test("SshConnection.run() says so when a login shell runs no further command", async () => {
  const { folder, command } = await makePlace({
    login: '[ -e "@TMP@/closed" ] && { echo "The host is closed"; exit 3; }',
  });
  await using connection = await open(command);
  await writeFile(join(folder, "tmp/closed"), "");
  const stdin = new Uint8Array(4); // no text: it gets a session of its own
  const running = connection.run({ task: "upload it", script: "cat", stdin }, soon());
  await assert.rejects(running, (error: unknown) => {
    assert.ok(error instanceof HostError);
    assert.equal(error.report.code, "host/unreachable");
    assert.match(error.report.problem, /its shell ended with 3 and ran no command/);
    assert.equal(error.report.where, "The host is closed");
    return true;
  });
  await rm(folder, { recursive: true });
});

test("lockRemote() takes a host that lets no second session in for one that it cannot reach", async () => {
  const { folder, command } = await makePlace({
    login: '[ -e "@TMP@/full" ] && { echo "Session open refused by peer" >&2; exit 255; }',
  });
  await using connection = await open(command);
  await writeFile(join(folder, "tmp/full"), "");
  await assert.rejects(lockRemote(connection, options), (error: unknown) => {
    assert.ok(error instanceof HostError);
    assert.equal(error.report.code, "host/unreachable");
    assert.equal(error.report.where, "Session open refused by peer");
    return true;
  });
  await rm(folder, { recursive: true });
});

test("lockRemote() says of a host without flock that it keeps nobody away", async () => {
  const { folder, command } = await makePlace({});
  await using connection = await open(command);
  const moved = movedTo(folder);
  const lockable = {
    label: "a dom0",
    hold: (remote: RemoteScript, deadline: Deadline) => {
      const script = `flock() { echo "flock: not found" >&2; return 127; }\n${remote.script}`;
      return connection.hold(moved({ ...remote, script }), deadline);
    },
  };
  await assert.rejects(lockRemote(lockable, options), (error: unknown) => {
    assert.ok(error instanceof HostError);
    assert.equal(error.report.code, "host/unsupported");
    assert.match(error.report.where ?? "", /not found/);
    return true;
  });
  await rm(folder, { recursive: true });
});

/** The scripts find another folder than the machine's. */
function movedTo(folder: string): (remote: RemoteScript) => RemoteScript {
  return ({ args = [], ...remote }) => ({ ...remote, args: [folder, ...args.slice(1)] });
}

function open(command: readonly string[]): Promise<SshConnection> {
  return SshConnection.open({ destination: "dom0", command }, new AbortController().signal);
}
