// The verbs of xen-livepatch against a host in memory: words, streams and exit codes as the stock
// tool has them (ABI reference §7).

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../src/host/errors.ts";
import type { PayloadStatus } from "../src/host/host.ts";
import { FakeHost } from "./fake-host.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";

const checked: PayloadStatus = { kind: "checked" };
const applied: PayloadStatus = { kind: "applied" };

function expectRun(run: CliRun, expected: Partial<CliRun>): void {
  const { stdout = run.stdout, stderr = run.stderr, exitCode = run.exitCode } = expected;
  assert.deepEqual(run, { stdout, stderr, exitCode });
}

test("list says that there is nothing, as the stock tool does", async () => {
  const run = await runXsplice(["list"], { host: new FakeHost() });
  expectRun(run, { stdout: "Nothing to list\n", stderr: "", exitCode: 0 });
});

test("list prints the stock columns, errors and metadata", async () => {
  const host = new FakeHost()
    .put("one", applied, ["author=a", "cve=b"])
    .put("two", { kind: "failed", settled: "checked", errno: 22 })
    .put("three", { kind: "busy", settled: "applied" });
  const run = await runXsplice(["list"], { host });
  const name = (text: string): string => text.padEnd(40);
  expectRun(run, {
    stdout: [
      `${name(" ID")}| status     | metadata`,
      `${"-".repeat(40)}+------------+---------------`,
      `${name("one")}| APPLIED    | author=a;cve=b`,
      `${name("two")}| CHECKED (22, Invalid argument)    | `,
      `${name("three")}| APPLIED (11, Resource temporarily unavailable)    | `,
      "",
    ].join("\n"),
    stderr: "",
    exitCode: 0,
  });
});

test("list --json is one document with every payload", async () => {
  const host = new FakeHost().put("one", applied, ["a=b"]);
  const run = await runXsplice(["list", "--json"], { host });
  assert.deepEqual(JSON.parse(run.stdout), {
    version: 1,
    payloads: [{ name: "one", status: applied, metadata: ["a=b"] }],
  });
  assert.ok(host.isClosed);
});

const successes = [
  ["apply", checked, "Applying fix... completed\n"],
  ["revert", applied, "Reverting fix... completed\n"],
  ["unload", checked, "Unloading fix... completed\n"],
  ["replace", checked, "Replacing all live patches with fix... completed\n"],
] as const;
for (const [verb, status, stdout] of successes) {
  test(`${verb} says what it does and that it is completed`, async () => {
    const host = new FakeHost().put("fix", status);
    const run = await runXsplice([verb, "fix"], { host });
    expectRun(run, { stdout, stderr: "", exitCode: 0 });
    assert.equal(host.actions.length, 1);
  });
}

for (const [verb, status] of [
  ["apply", applied],
  ["revert", checked],
  ["replace", applied],
] as const) {
  test(`${verb} has nothing to do when the payload is ${status.kind}`, async () => {
    const host = new FakeHost().put("fix", status);
    const run = await runXsplice([verb, "fix"], { host });
    expectRun(run, { stdout: "No action needed.\n", stderr: "", exitCode: 0 });
    assert.deepEqual(host.actions, []);
  });
}

test("unload of an applied payload names the wrong state and exits 1", async () => {
  const host = new FakeHost().put("fix", applied);
  const run = await runXsplice(["unload", "fix"], { host });
  expectRun(run, { stdout: "", exitCode: 1 });
  assert.match(
    run.stderr,
    /^fix is in the wrong state\.\nCurrent state: APPLIED\nExpected state: CHECKED\n/,
  );
  assert.match(run.stderr, /remedy: +"xsplice revert fix"/);
});

test("unload of a payload that the hypervisor keeps a pointer into exits 1, and asks for consent", async () => {
  const host = new FakeHost().put("fix", checked, ["mode=stack", "kept=extra_key"]);
  const run = await runXsplice(["unload", "fix"], { host });
  expectRun(run, { stdout: "", exitCode: 1 });
  assert.match(run.stderr, /the hypervisor keeps a pointer to "extra_key"/);
  assert.match(run.stderr, /--allow-dangling/);
  assert.deepEqual(host.actions, []);
  const allowed = await runXsplice(["unload", "fix", "--allow-dangling"], { host });
  expectRun(allowed, { stdout: "Unloading fix... completed\n", stderr: "", exitCode: 0 });
});

test("apply of an unknown payload fails to get its status and exits 1", async () => {
  const run = await runXsplice(["apply", "fix"], { host: new FakeHost() });
  expectRun(run, { stdout: "", exitCode: 1 });
  assert.match(
    run.stderr,
    /^Failed to get status of fix\.\nError 2: No such file or directory\nCannot apply "fix"/,
  );
});

const failures = [
  ["host/action-failed", 22, "Error 22: Invalid argument", 1],
  ["host/action-failed", 16, "Error 16: Device or resource busy", 2],
  ["host/action-failed", 11, "Error 11: Resource temporarily unavailable", 2],
] as const;
for (const [code, errno, line, exitCode] of failures) {
  test(`apply that ends with errno ${errno} says "failed" and exits ${exitCode}`, async () => {
    const host = new FakeHost().put("fix", checked);
    host.failures.set("apply", new HostError({ code, problem: "Cannot apply" }, { errno }));
    const run = await runXsplice(["apply", "fix"], { host });
    const stderr = `${line}\nCannot apply\n`;
    expectRun(run, { stdout: "Applying fix... failed\n", stderr, exitCode });
  });
}

test("apply that does not end in time exits 2", async () => {
  const host = new FakeHost().put("fix", checked);
  host.failures.set("apply", new HostError({ code: "host/timeout", problem: "Cannot wait" }));
  assert.equal((await runXsplice(["apply", "fix"], { host })).exitCode, 2);
});

test("apply --nodeps skips the check of the chain", async () => {
  const host = new FakeHost().put("fix", checked);
  await runXsplice(["apply", "fix", "--nodeps", "--timeout", "7", "--quiesce", "200"], { host });
  const [action] = host.actions;
  assert.equal(action?.options.dependencyCheck, "hypervisor-only");
  assert.equal(action?.options.deadlineMs, 7000);
  assert.equal(action?.options.quiesceMs, 200);
});

test("apply --json prints the outcome and nothing else", async () => {
  const host = new FakeHost().put("fix", checked);
  const run = await runXsplice(["--json", "apply", "fix"], { host });
  const outcome = JSON.parse(run.stdout);
  assert.equal(outcome.result, "done");
  assert.deepEqual(outcome.status, applied);
  assert.equal(run.stderr, "");
});

test("apply --json prints a failure as one document with the stock exit code", async () => {
  const host = new FakeHost().put("fix", checked);
  const report = { code: "host/refused", problem: "Cannot apply", remedy: "wait" } as const;
  host.failures.set("apply", new HostError(report, { errno: 16 }));
  const run = await runXsplice(["apply", "fix", "--json"], { host });
  assert.deepEqual(JSON.parse(run.stdout), {
    version: 1,
    error: { ...report, errno: 16 },
  });
  expectRun(run, { stderr: "", exitCode: 2 });
});

test("a name of 200 characters is refused before the host is asked", async () => {
  const run = await runXsplice(["upload", "n".repeat(200), "none"]);
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /it is 200 bytes long\n +expected: +1 to 127 bytes/);
});

const wrongUses = [
  [["apply"], 1],
  [["apply", "a", "b"], 1],
  [["revert", "a", "--nodeps"], 1],
  [["--host", "local", "upload", "a"], 1],
  [["--force"], 1],
  [["--force", "list", "extra"], 1],
  [["info", "extra"], 64],
  [["lab"], 64],
  [["nonsense"], 64],
] as const;
for (const [args, exitCode] of wrongUses) {
  test(`wrong use "${args.join(" ")}" exits ${exitCode}`, async () => {
    const run = await runXsplice(args, { host: new FakeHost() });
    assert.equal(run.exitCode, exitCode);
    assert.match(run.stderr, /Cannot run/);
  });
}

test("--force before the verb is accepted, as in stock scripts", async () => {
  const run = await runXsplice(["--force", "list"], { host: new FakeHost() });
  assert.equal(run.exitCode, 0);
});

test("help goes to standard error and exits 0, as with the stock tool", async () => {
  const run = await runXsplice(["help"]);
  expectRun(run, { stdout: "", exitCode: 0 });
  assert.match(run.stderr, /Usage: xsplice/);
});
