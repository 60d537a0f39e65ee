// How much a command says, and in which colours; and a list that is watched.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelHost } from "../src/hosts/model.ts";
import { syntheticModel, syntheticPayload } from "../src/xen-model/synthetic.test.support.ts";
import { FakeHost } from "./fake-host.ts";
import { runXsplice } from "./run-cli.ts";

const ESCAPE = "\u001b";

test("--verbose tells each request to the host, with the name of what it is about", async () => {
  const host = new FakeHost().put("fix", { kind: "checked" });
  const { stdout, stderr } = await runXsplice(["--verbose", "list"], { host });
  assert.match(stdout, /^ ID/);
  assert.match(stderr, /^\[local\] connect: done, \d+ ms\n\[local\] list: done, \d+ ms\n$/);
  const act = await runXsplice(["apply", "fix", "--verbose"], { host });
  assert.equal(act.exitCode, 0, act.stderr);
  assert.match(act.stderr, /\[local\] act apply fix: done/);
});

test("--verbose tells with which error a request ended, and asks the journal of a real host", async () => {
  const host = new ModelHost(syntheticModel());
  const entries = [{ old: "alpha", by: "other_alpha" }] as const;
  await host.upload("fix", syntheticPayload({ id: "01", entries }));
  const quiet = await runXsplice(["apply", "fix"], { host });
  assert.equal(quiet.stderr, "");
  const run = await runXsplice(["--verbose", "revert", "fix"], { host });
  assert.match(run.stderr, /\[local\] journal read: done/);
  assert.match(run.stderr, /\[local\] journal write: done/);
  const again = await runXsplice(["--verbose", "unload", "fix"], { host });
  assert.equal(again.exitCode, 0, again.stderr);
});

test("--quiet says nothing beside the result but warnings and errors", async () => {
  const host = new ModelHost(syntheticModel());
  host.journal.write = async () => {
    throw new Error("the disk is full");
  };
  const entries = [{ old: "alpha", by: "other_alpha" }] as const;
  await host.upload("fix", syntheticPayload({ id: "01", entries }));
  const run = await runXsplice(["--quiet", "apply", "fix"], { host });
  assert.equal(run.exitCode, 0);
  assert.equal(run.stdout, "Applying fix... completed\n");
  assert.match(run.stderr, /^warning: the order of payloads is not written down/);
  const error = await runXsplice(["--quiet", "apply", "nobody"], { host });
  assert.match(error.stderr, /no payload of that name is loaded/);
});

test("--quiet and --verbose exclude each other", async () => {
  const run = await runXsplice(["--quiet", "--verbose", "probe", "x"], { host: new FakeHost() });
  assert.equal(run.exitCode, 64);
});

test("an error is red where a person looks, unless NO_COLOR is set", async () => {
  const host = new FakeHost();
  const shown = async (env: Readonly<Record<string, string>>, person?: string) => {
    const run = await runXsplice(["probe", "/no/such/file"], {
      host,
      env,
      ...(person === undefined ? {} : { person }),
    });
    return run.stderr;
  };
  const [first = ""] = (await shown({}, "")).split("\n");
  assert.ok(first.startsWith(`${ESCAPE}[1;31mCannot `) && first.endsWith(`${ESCAPE}[0m`), first);
  for (const plain of [
    await shown({ NO_COLOR: "1" }, ""),
    await shown({ TERM: "dumb" }, ""),
    await shown({}),
  ])
    assert.ok(plain.startsWith("Cannot ") && !plain.includes(ESCAPE), plain);
});

test("an error in colour still makes control characters of others visible", async () => {
  const { stderr } = await runXsplice(["probe", "/no/\u001b[2Jfile"], {
    host: new FakeHost(),
    person: "",
  });
  assert.ok(!stderr.includes("\u001b[2J"), stderr);
  assert.match(stderr, /\\x1b\[2Jfile/);
});

test("list --watch shows the list again when it has changed, until ^C", async () => {
  const host = new FakeHost().put("fix", { kind: "checked" });
  const stop = new AbortController();
  const args = ["list", "--watch", "--every", "0.1", "--json"];
  const running = runXsplice(args, { host, signal: stop.signal });
  await sleep(350);
  host.put("fix", { kind: "applied" });
  await sleep(350);
  stop.abort(new Error("^C"));
  const { stdout, exitCode } = await running;
  assert.equal(exitCode, 130);
  const documents = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const states = documents.flatMap(({ payloads = [] }) =>
    payloads.map(({ status }: { status: { kind: string } }) => status.kind),
  );
  assert.deepEqual(states, ["checked", "applied"]);
  assert.match(documents[0].at, /^\d{4}-\d\d-\d\dT/);
});

test("list --watch ends with the error when the host is gone, and refuses an odd pace", async () => {
  const host = new FakeHost();
  host.failures.set("list", new Error("gone"));
  assert.equal((await runXsplice(["list", "--watch"], { host })).exitCode, 70);
  for (const pace of ["0", "x", "1e9"]) {
    const run = await runXsplice(["list", "--watch", "--every", pace], { host: new FakeHost() });
    assert.equal(run.exitCode, 1, pace);
    assert.match(run.stderr, /from 0\.1 to 86400/);
  }
});
