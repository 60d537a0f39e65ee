// A command over there that prints without an end.

import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { HostError } from "../../host/errors.ts";
import { SshConnection } from "./connection.ts";
import { makePlace, soon } from "./fake-dom0.test.support.ts";

for (const [redirection, output] of [
  ["", "standard output"],
  [">&2", "error output"],
] as const) {
  test(`SshConnection.run() says how much came of which command on ${output}, and ends it`, async () => {
    const { folder, command } = await makePlace();
    const { signal } = new AbortController();
    await using connection = await SshConnection.open({ destination: "dom0", command }, signal);
    // What prints is no process that ssh itself knows.
    const script = `yes ${redirection} & echo $! >"$1/printer"; wait`;
    const remote = { task: "read the console", script, args: [folder] };
    await assert.rejects(connection.run(remote, soon()), (error: unknown) => {
      assert.ok(error instanceof HostError);
      const { code, problem, where, expected } = error.report;
      assert.equal(code, "host/unsupported");
      const bytes = /^Cannot read the console on ssh:dom0: .*, (\d+) bytes so far$/.exec(
        problem,
      )?.[1];
      assert.ok(Number(bytes) > 16 * 1024 * 1024, problem);
      assert.equal(where, `${output} of the command that is to read the console`);
      assert.equal(expected, "no more than 16777216 bytes, and 1 MiB until it begins");
      return true;
    });
    const printer = Number(await readFile(join(folder, "printer"), "utf8"));
    while (await isAlive(printer)) await new Promise((done) => setTimeout(done, 5));
    await rm(folder, { recursive: true });
  });
}

/** A process that nobody has waited for is dead as well. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State:\tX");
  return !/^State:\t[XZ]/m.test(status);
}
