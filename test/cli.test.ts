// The frame around all commands: help, errors, exit codes, ^C.

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWholeTree } from "../src/cli/command-tree.ts";
import { isGroup, type SpecEntry } from "../src/cli/spec.ts";
import { HostError } from "../src/host/errors.ts";
import { FakeHost } from "./fake-host.ts";
import { runXsplice } from "./run-cli.ts";

test("xsplice without arguments tells a newcomer what it is and how to begin", async () => {
  const run = await runXsplice([]);
  assert.equal(run.exitCode, 0);
  for (const command of ["xsplice demo", "xsplice doctor", "xsplice list"]) {
    assert.ok(run.stdout.includes(command), command);
  }
});

function pathsOf(
  entry: SpecEntry,
  above: readonly string[] = [],
): readonly { path: readonly string[]; isLeaf: boolean }[] {
  const path = [...above, entry.name];
  const children = isGroup(entry) ? entry.commands : [];
  return [{ path, isLeaf: !isGroup(entry) }, ...children.flatMap((child) => pathsOf(child, path))];
}

const allEntries = (await loadWholeTree()).flatMap(({ entries }) => entries);
for (const { path, isLeaf } of allEntries.flatMap((entry) => pathsOf(entry))) {
  test(`${path.join(" ")} --help describes it with an example`, async () => {
    const run = await runXsplice([...path, "--help"]);
    assert.equal(run.exitCode, 0);
    assert.ok(run.stdout.startsWith(`Usage: xsplice ${path.join(" ")}`));
    if (isLeaf) assert.match(run.stdout, /Examples:\n {2}# .+\n {2}\S+/);
    const widest = Math.max(...run.stdout.split("\n").map((line) => line.length));
    assert.ok(widest <= 100, `a line of ${widest} columns`);
  });
}

test("an unknown command names the closest one", async () => {
  const run = await runXsplice(["aply", "fix"]);
  assert.equal(run.exitCode, 64);
  assert.equal(
    run.stderr,
    [
      'Cannot run "xsplice": unknown command "aply"',
      '  remedy:   did you mean "apply"? "xsplice --help" shows what there is',
      "",
    ].join("\n"),
  );
});

test("an unknown command with --json is an error document", async () => {
  const run = await runXsplice(["aply", "--json"]);
  assert.equal(JSON.parse(run.stdout).error.code, "usage/unknown-command");
  assert.equal(run.stderr, "");
});

test("--version prints that of the package", async () => {
  const run = await runXsplice(["--version"]);
  assert.match(run.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(run.exitCode, 0);
});

test("a time limit that is none is refused", async () => {
  const run = await runXsplice(["info", "--timeout", "soon"], { host: new FakeHost() });
  assert.equal(run.exitCode, 64);
  assert.match(run.stderr, /Cannot use "soon" as a time limit/);
});

test("info shows version and build-id, and closes the host", async () => {
  const host = new FakeHost();
  const run = await runXsplice(["info"], { host });
  assert.match(run.stdout, /^Xen +4\.17\.5$/m);
  assert.match(run.stdout, new RegExp(`^build-id +${host.buildId}$`, "m"));
  assert.ok(host.isClosed);
});

test("info --json is the host's own value", async () => {
  const run = await runXsplice(["info", "--json"], { host: new FakeHost() });
  const value = JSON.parse(run.stdout);
  assert.deepEqual(value.version, { major: 4, minor: 17, extra: ".5" });
  assert.equal(value.host, "fake host");
});

test("a host that cannot be reached is an error with a remedy, exit 1", async () => {
  const openHost = async (): Promise<never> => {
    const report = { problem: "Cannot reach it", remedy: "run as root" };
    throw new HostError({ code: "host/unreachable", ...report });
  };
  for (const verb of ["list", "info"]) {
    const run = await runXsplice([verb], { openHost });
    assert.equal(run.exitCode, 1);
    assert.equal(run.stderr, "Cannot reach it\n  remedy:   run as root\n");
  }
});

test("the host is that of --host, else of XSPLICE_HOST, else this dom0", async () => {
  const asked: string[] = [];
  const openHost = async (address: string): Promise<FakeHost> => {
    asked.push(address);
    return new FakeHost();
  };
  await runXsplice(["list"], { openHost });
  await runXsplice(["list"], { openHost, env: { XSPLICE_HOST: "lab" } });
  await runXsplice(["list", "--host", "lab:a"], { openHost, env: { XSPLICE_HOST: "lab" } });
  assert.deepEqual(asked, ["local", "lab", "lab:a"]);
});

test("anything else that is thrown is called our bug, exit 70", async () => {
  const host = new FakeHost();
  host.failures.set("info", new TypeError("x is undefined"));
  const run = await runXsplice(["info"], { host });
  assert.equal(run.exitCode, 70);
  assert.match(run.stderr, /^This is a bug in xsplice[\s\S]+TypeError: x is undefined/);
});

test("^C ends with 130 and without an error", async () => {
  const stop = new AbortController();
  const host = new FakeHost();
  host.failures.set("info", new HostError({ code: "host/timeout", problem: "Cannot wait" }));
  stop.abort();
  const run = await runXsplice(["info"], { host, signal: stop.signal });
  assert.equal(run.exitCode, 130);
  assert.equal(run.stderr, "Stopped.\n");
  assert.ok(host.isClosed);
});

test("^C under --json is one document, too", async () => {
  const host = new FakeHost();
  host.failures.set("info", new Error("any"));
  const run = await runXsplice(["info", "--json"], { host, signal: AbortSignal.abort() });
  assert.equal(run.exitCode, 130);
  assert.deepEqual(JSON.parse(run.stdout).error, {
    code: "stopped",
    problem: "Stopped by a signal",
  });
});

test("a full disk is told as such, and not called our bug", async () => {
  const host = new FakeHost();
  const full = Object.assign(new Error("ENOSPC: no space left"), {
    code: "ENOSPC",
    syscall: "open",
    path: "/cache/file",
  });
  host.failures.set("info", full);
  const run = await runXsplice(["info"], { host });
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /^Cannot go on: the disk is full\n +where: +\/cache\/file\n +remedy: /);
});

test("doctor names every part with its purpose, size and way without root", async () => {
  const run = await runXsplice(["doctor", "--json"], { env: { PATH: "/usr/bin:/bin" } });
  const { jobs, parts } = JSON.parse(run.stdout);
  assert.ok(jobs.length >= 4);
  assert.ok(parts.length >= 10);
  for (const part of parts) {
    assert.ok(part.purpose !== "" && part.sizeBytes > 0, part.id);
    assert.match(part.howToGet, /^fetched when needed from Debian \w+: /);
  }
});

test("doctor keeps the columns of the parts, however long their names", async () => {
  const { stdout } = await runXsplice(["doctor"], { env: { PATH: "/usr/bin:/bin" } });
  const [, list = ""] = stdout.split(/^Parts, .*\n/m);
  const lines = list.trimEnd().split("\n");
  const second = /(fetched|not fetched|machine's own) /;
  const columns = lines.filter((line) => /^ {2}\S/.test(line)).map((line) => line.search(second));
  assert.ok(columns.length >= 10);
  assert.equal(new Set(columns).size, 1, list);
  assert.match(stdout, /^ {4}[+-] flock: /m);
});
