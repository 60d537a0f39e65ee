// What a journal tells of a host that its list does not: the order of payloads, and what was reverted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../src/host/errors.ts";
import { ModelHost } from "../src/hosts/model.ts";
import { JournalledHost } from "../src/plan/journalled-host.ts";
import { observeHost } from "../src/plan/observe.ts";
import { syntheticModel } from "../src/xen-model/synthetic.test.support.ts";
import { alpha, beta, call, free, gamma, journalled } from "./plan-journalled-host.ts";
import { makePayload } from "./plan-payloads.ts";

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

test("JournalledHost records an action by what observe() has just seen, and looks again after a while", async () => {
  const inner = new ModelHost(syntheticModel());
  await inner.upload(alpha.name, alpha.bytes);
  let looks = 0;
  const info = inner.info.bind(inner);
  inner.info = () => {
    looks += 1;
    return info();
  };
  let at = new Date("2026-01-01T00:00:00Z");
  const { host, observe } = JournalledHost.around(inner, {
    now: () => at,
    factsOf: () => undefined,
    onTrouble: (error) => assert.fail(String(error)),
    onSetAside: (place) => assert.fail(place),
  });
  await observe(call);
  await host.act("apply", alpha.name, free);
  assert.equal(looks, 1);
  const { state, written } = await observeHost(inner, [], call);
  assert.deepEqual(state.stack.names, [alpha.name]);
  assert.equal(written?.log.at(-1)?.action, "apply");

  const { host: later, observe: lookLater } = JournalledHost.around(inner, {
    now: () => at,
    factsOf: () => undefined,
    onTrouble: (error) => assert.fail(String(error)),
    onSetAside: (place) => assert.fail(place),
  });
  await lookLater(call);
  await inner.act("revert", alpha.name, free);
  at = new Date(at.getTime() + 60_000);
  looks = 0;
  await later.act("apply", alpha.name, free);
  assert.equal(looks, 1);
});
