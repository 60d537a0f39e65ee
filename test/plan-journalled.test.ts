import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../src/host/errors.ts";
import { ModelHost } from "../src/hosts/model.ts";
import { parsePayload } from "../src/payload/parse.ts";
import { factsOfPayload } from "../src/plan/facts.ts";
import { JournalledHost } from "../src/plan/journalled-host.ts";
import { observeHost } from "../src/plan/observe.ts";
import { syntheticModel } from "../src/xen-model/synthetic.test.support.ts";
import { makePayload } from "./plan-payloads.ts";
import { makeIndependentUniverse } from "./plan-universe.ts";

const call = { deadlineMs: 60_000 };
const free = { ...call, dependencyCheck: "hypervisor-only", quiesceMs: 30 } as const;
const [alpha, beta, gamma] = makeIndependentUniverse(501);
assert.ok(alpha && beta && gamma);

function journalled(host: ModelHost, trouble: unknown[] = [], aside: string[] = []) {
  return JournalledHost.around(host, {
    now: () => new Date("2026-01-01T00:00:00Z"),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => trouble.push(error),
    onSetAside: (place) => aside.push(place),
  }).host;
}

test("JournalledHost remembers the order in which independent payloads were applied", async () => {
  const inner = new ModelHost(syntheticModel());
  const host = journalled(inner);
  for (const { name, bytes } of [alpha, beta, gamma]) await host.upload(name, bytes, call);
  for (const { name } of [gamma, alpha, beta]) await host.act("apply", name, free);
  await host.act("revert", beta.name, free);
  const { state, written } = await observeHost(inner, [], call);
  assert.deepEqual(state.stack, {
    kind: "known",
    evidence: "journal",
    names: [gamma.name, alpha.name],
  });
  assert.deepEqual(
    state.loaded.map(({ history }) => history),
    ["never-reverted", "reverted", "never-reverted"],
  );
  // From the files that were uploaded: Xen's list has none of it.
  assert.deepEqual(state.loaded[0]?.facts, alpha.facts);
  assert.deepEqual(
    written?.log.map(({ action, name }) => `${action} ${name}`),
    ["upload p0", "upload p1", "upload p2", "apply p2", "apply p0", "apply p1", "revert p1"],
  );
});

test("JournalledHost leaves no stack standing that a stranger changed", async () => {
  const inner = new ModelHost(syntheticModel());
  const host = journalled(inner);
  for (const { name, bytes } of [alpha, beta]) {
    await host.upload(name, bytes, call);
    await host.act("apply", name, free);
  }
  await inner.upload(gamma.name, gamma.bytes);
  await inner.act("apply", gamma.name, free);
  const { state, journal } = await observeHost(inner, [], call);
  assert.equal(journal, "contradicted");
  assert.equal(state.stack.kind, "unknown");
});

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

test("JournalledHost knows what is left when a replace fails half-way", async () => {
  const inner = new ModelHost(syntheticModel());
  const host = journalled(inner);
  // Needs alpha applied, which a replace takes away before Xen looks.
  const picky = makePayload({ ...beta.design, name: "picky", on: [alpha] });
  for (const { name, bytes } of [alpha, gamma, picky]) await host.upload(name, bytes, call);
  for (const { name } of [alpha, gamma]) await host.act("apply", name, free);
  await assert.rejects(
    host.act("replace", picky.name, { ...free, dependencyCheck: "whole-chain" }),
  );
  const { state, journal, written } = await observeHost(inner, [], call);
  assert.equal(journal, "fits");
  assert.deepEqual(state.stack.names, []);
  assert.deepEqual(
    state.loaded.map(({ name, history }) => `${name} ${history}`),
    ["p0 reverted", "p2 reverted", "picky never-reverted"],
  );
  assert.equal(written?.pending, undefined);
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

test("JournalledHost knows the order again when it has seen all of it, after a journal was lost", async () => {
  const inner = new ModelHost(syntheticModel());
  for (const { name, bytes } of [alpha, beta]) {
    await inner.upload(name, bytes);
    await inner.act("apply", name, free);
  }
  const host = journalled(inner);
  await host.upload(gamma.name, gamma.bytes, call);
  const lost = await observeHost(inner, [], call);
  assert.deepEqual([lost.journal, lost.state.stack.kind], ["fits", "unknown"]);
  await host.act("revert", beta.name, free);
  await host.act("apply", gamma.name, free);
  const { state } = await observeHost(inner, [], call);
  assert.deepEqual(state.stack, {
    kind: "known",
    evidence: "journal",
    names: [alpha.name, gamma.name],
  });
  assert.deepEqual(
    state.loaded.map(({ name, history }) => `${name} ${history}`),
    ["p0 unknown", "p1 reverted", "p2 never-reverted"],
  );
});

test("JournalledHost takes the order over that dependencies tell", async () => {
  const inner = new ModelHost(syntheticModel());
  const upper = makePayload({ ...beta.design, name: "upper", functions: ["marked"], on: [alpha] });
  for (const { name, bytes } of [alpha, upper, beta]) {
    await inner.upload(name, bytes);
    await inner.act("apply", name, free);
  }
  const host = journalled(inner);
  await host.upload(gamma.name, gamma.bytes, call);
  await host.act("revert", beta.name, free);
  await host.act("apply", gamma.name, free);
  const { state } = await observeHost(inner, [], call);
  assert.deepEqual(state.stack, {
    kind: "known",
    evidence: "journal",
    names: [alpha.name, "upper", gamma.name],
  });
});

test("JournalledHost leaves open how an action ends that is under way when contact is lost", async () => {
  const inner = new ModelHost(syntheticModel());
  const host = journalled(inner);
  for (const { name, bytes } of [alpha, beta]) {
    await host.upload(name, bytes, call);
    await host.act("apply", name, free);
  }
  const act = inner.act.bind(inner);
  inner.act = async (action, name) => {
    inner.model.begin({ action, name, dependencyCheck: "whole-chain" });
    throw new HostError({ code: "host/unreachable", problem: "Cannot hear of it" });
  };
  await assert.rejects(host.act("revert", beta.name, free));
  inner.act = act;
  inner.model.settle();
  await host.upload(gamma.name, gamma.bytes, call);
  await host.act("apply", gamma.name, free);
  const { state, journal } = await observeHost(inner, [], call);
  assert.deepEqual([journal, state.stack.kind], ["fits", "known"]);
  assert.deepEqual(state.stack.names, [alpha.name, gamma.name]);
  const [, second] = state.loaded;
  assert.equal(second?.history, "reverted");
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
