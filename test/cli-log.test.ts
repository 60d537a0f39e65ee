// The log of a host: each action, by whom, from where, with its result, over boots.

import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { ModelHost } from "../src/hosts/model.ts";
import { decodeJournal, encodeJournal } from "../src/plan/journal-json.ts";
import { syntheticModel, syntheticPayload } from "../src/xen-model/synthetic.test.support.ts";
import { runXsplice } from "./run-cli.ts";

const env = { SUDO_USER: "alice" };

async function hostWithPayload(): Promise<ModelHost> {
  const host = new ModelHost(syntheticModel());
  const entries = [{ old: "alpha", by: "other_alpha" }] as const;
  await host.upload("fix", syntheticPayload({ id: "01", entries }));
  return host;
}

async function entriesOf(host: ModelHost): Promise<readonly Record<string, unknown>[]> {
  const { stdout, stderr } = await runXsplice(["log", "--json"], { host });
  assert.equal(stderr, "");
  return JSON.parse(stdout).entries;
}

test("xsplice log tells who did what from where, when, and how it ended", async () => {
  const host = await hostWithPayload();
  assert.equal((await runXsplice(["log"], { host })).stdout, "Nothing was done yet by xSplice\n");
  await runXsplice(["apply", "fix"], { host, env });
  await runXsplice(["revert", "fix"], { host, env });
  const [applied, reverted] = await entriesOf(host);
  const { at, ...entry } = applied ?? {};
  assert.match(String(at), /^\d{4}-\d\d-\d\dT/);
  const who = { by: "alice", from: hostname() };
  assert.deepEqual(entry, { action: "apply", name: "fix", stack: ["fix"], ...who, result: "done" });
  assert.equal(reverted?.["action"], "revert");
  const { stdout } = await runXsplice(["log"], { host });
  const [head, first] = stdout.split("\n");
  assert.match(head ?? "", /^time +who +what +result +applied then$/);
  assert.match(first ?? "", /^2\S+Z {2}alice@\S+ +apply fix +done +fix$/);
});

test("xsplice log tells with which error an action failed", async () => {
  const host = await hostWithPayload();
  await runXsplice(["apply", "fix"], { host, env });
  // A payload that is for another hypervisor: Xen refuses it.
  const { act } = host;
  host.act = async (action, name, options) => {
    if (action === "revert") return await act.call(host, "revert", "nobody", options);
    return await act.call(host, action, name, options);
  };
  assert.notEqual((await runXsplice(["revert", "fix"], { host, env })).exitCode, 0);
  const last = (await entriesOf(host)).at(-1);
  assert.deepEqual([last?.["action"], last?.["result"]], ["revert", "host/unknown-payload"]);
});

test("xsplice log keeps what was done before a reboot, which plans do not take for their own", async () => {
  const host = await hostWithPayload();
  await runXsplice(["apply", "fix"], { host, env });
  const journal = decodeJournal((await host.journal.read()) ?? "");
  assert.ok(journal !== undefined);
  await host.journal.write(encodeJournal({ ...journal, bootId: "an earlier one" }));
  await runXsplice(["revert", "fix"], { host, env });
  const written = decodeJournal((await host.journal.read()) ?? "");
  assert.deepEqual(
    [written?.past?.map(({ action }) => action), written?.log.map(({ action }) => action)],
    [["apply"], ["revert"]],
  );
  const actions = (await entriesOf(host)).map((entry) => entry["action"]);
  assert.deepEqual(actions, ["apply", "revert"]);
});

test("xsplice log reads a journal of an older release, and tells one that it cannot read", async () => {
  const host = await hostWithPayload();
  await runXsplice(["apply", "fix"], { host, env });
  const text = (await host.journal.read()) ?? "";
  await host.journal.write(
    text.replace(/"by":"alice","from":"[^"]*",/, "").replace(',"result":"done"', ""),
  );
  assert.match(
    (await runXsplice(["log"], { host })).stdout,
    / {2}\?@\? {2}apply fix {2}unknown {2}fix\n/,
  );
  await host.journal.write("{}");
  const run = await runXsplice(["log"], { host });
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /^Cannot show the log of /);
});

test("xsplice log shows names that are not ours on one line", async () => {
  const host = await hostWithPayload();
  await runXsplice(["apply", "fix"], { host, env: { SUDO_USER: "eve\nroot\u001b[2J" } });
  const { stdout } = await runXsplice(["log"], { host });
  assert.equal(stdout.split("\n").length, 3);
  assert.match(stdout, /eve\\nroot\\x1b\[2J@/);
});
