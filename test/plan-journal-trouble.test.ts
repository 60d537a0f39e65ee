// A journal that cannot be written or read: what is asked for is done where somebody can know of it
// afterwards, and nothing of a journal is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../src/host/errors.ts";
import { ModelHost } from "../src/hosts/model.ts";
import { observeHost } from "../src/plan/observe.ts";
import { syntheticModel } from "../src/xen-model/synthetic.test.support.ts";
import { alpha, beta, call, free, journalled } from "./plan-journalled-host.ts";

test("JournalledHost does what it is asked for also where no journal can be kept, and says so", async () => {
  const inner = new ModelHost(syntheticModel());
  inner.journal.write = async () => {
    throw new Error("no room");
  };
  const trouble: unknown[] = [];
  await journalled(inner, trouble).upload(alpha.name, alpha.bytes, call);
  assert.equal((await inner.list()).length, 1);
  assert.match(String(trouble), /no room/);
});

test("JournalledHost keeps a journal beside that it cannot read, and says so once", async () => {
  for (const foreign of ['{"version":2,"of":"another release"}', "damag", ""]) {
    const inner = new ModelHost(syntheticModel());
    inner.journal.text = foreign;
    const before = await observeHost(inner, [], call);
    assert.equal(before.journal, "unreadable");
    const [trouble, aside]: [unknown[], string[]] = [[], []];
    const host = journalled(inner, trouble, aside);
    await host.upload(alpha.name, alpha.bytes, call);
    await host.act("apply", alpha.name, free);
    const name = "journal.unread-2026-01-01T00-00-00.000Z.json";
    assert.deepEqual(aside, [name]);
    assert.deepEqual([...inner.journal.aside], [[name, foreign]]);
    assert.deepEqual(trouble, []);
    const { state } = await observeHost(inner, [], call);
    assert.deepEqual(state.stack.names, [alpha.name]);
  }
});

test("JournalledHost goes on with the journal of a command that was faster to set another aside", async () => {
  const inner = new ModelHost(syntheticModel());
  inner.journal.text = "of another release";
  const setAside = inner.journal.setAside.bind(inner.journal);
  const [own, others]: [string[], string[]] = [[], []];
  inner.journal.setAside = async (what) => {
    inner.journal.setAside = setAside;
    await journalled(inner, [], others).upload(alpha.name, alpha.bytes, call);
    return setAside(what);
  };
  await journalled(inner, [], own).upload(beta.name, beta.bytes, call);
  assert.equal(others.length, 1);
  assert.deepEqual(own, []);
  assert.deepEqual([...inner.journal.aside.values()], ["of another release"]);
  const { written } = await observeHost(inner, [], call);
  assert.deepEqual(
    written?.log.map(({ name }) => name),
    [alpha.name, beta.name],
  );
});

test("JournalledHost writes no journal over one that cannot be kept beside", async () => {
  const inner = new ModelHost(syntheticModel());
  inner.journal.text = "of another release";
  inner.journal.setAside = async () => {
    throw new Error("no room");
  };
  const trouble: unknown[] = [];
  await journalled(inner, trouble).upload(alpha.name, alpha.bytes, call);
  assert.equal((await inner.list()).length, 1);
  assert.match(String(trouble), /no room/);
  assert.equal(inner.journal.text, "of another release");
});

test("observeHost() takes a journal that cannot be read for one that tells nothing, and says so", async () => {
  const inner = new ModelHost(syntheticModel());
  for (const { name, bytes } of [alpha, beta]) {
    await inner.upload(name, bytes);
    await inner.act("apply", name, free);
  }
  inner.journal.read = async () => {
    throw new HostError({ code: "host/journal", problem: "Cannot read the journal: no" });
  };
  const { state, journal } = await observeHost(inner, [], call);
  assert.equal(journal, "unreadable");
  assert.ok(state.stack.kind === "unknown");
  assert.match(state.stack.reasons.join(), /the journal of this host cannot be read/);
});

test("JournalledHost writes down behind an action what it could not write before it", async () => {
  const inner = new ModelHost(syntheticModel());
  const trouble: unknown[] = [];
  const host = journalled(inner, trouble);
  for (const { name, bytes } of [alpha, beta]) await host.upload(name, bytes, call);
  await host.act("apply", beta.name, free);
  const write = inner.journal.write.bind(inner.journal);
  inner.journal.write = async () => {
    inner.journal.write = write;
    throw new HostError({ code: "host/journal", problem: "Cannot keep the journal: disk full" });
  };
  await host.act("apply", alpha.name, free);
  assert.equal(trouble.length, 1);
  const { state } = await observeHost(inner, [], call);
  assert.deepEqual([state.stack.kind, state.stack.names], ["known", [beta.name, alpha.name]]);
});

test("JournalledHost does not begin what nobody would know of, since the host does not answer", async () => {
  const inner = new ModelHost(syntheticModel());
  const host = journalled(inner);
  await host.upload(alpha.name, alpha.bytes, call);
  const list = inner.list.bind(inner);
  inner.list = async () => {
    inner.list = list;
    throw new HostError({ code: "host/timeout", problem: "Cannot list the payloads: no answer" });
  };
  await assert.rejects(host.act("apply", alpha.name, free), /Cannot list the payloads/);
  assert.deepEqual(inner.model.applied, []);
});
