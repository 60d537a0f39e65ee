// The verbs beside payloads that refer to each other: Xen would carry out what kills the host (it was
// seen to, old-code guard §4), so the refusal is ours, and the host has to be as it was.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { renderStack } from "../src/cli/text/stack.ts";
import { HostError } from "../src/host/errors.ts";
import type { ActOptions } from "../src/host/host.ts";
import { ModelHost } from "../src/hosts/model.ts";
import { findBrokenBinding } from "../src/plan/bindings.ts";
import { factsOfMetadata, unknownFacts } from "../src/plan/facts.ts";
import type { PayloadFacts } from "../src/plan/facts-form.ts";
import type { HostState } from "../src/plan/host-state.ts";
import { JournalledHost } from "../src/plan/journalled-host.ts";
import { viewStack } from "../src/plan/stack-view.ts";
import { syntheticModel, XEN_ID } from "../src/xen-model/synthetic.test.support.ts";
import { type Design, type MadePayload, makePayload } from "./plan-payloads.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-bindings-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function make(name: string, design: Partial<Design>): MadePayload {
  const plain = { mode: "independent", guard: "full", functions: ["alpha"], on: [] } as const;
  const payload = makePayload({ ...plain, data: "none", hooks: [], content: 77, ...design, name });
  writeFileSync(join(folder, name), payload.bytes);
  return payload;
}

const base = make("base", {});
const upper = make("upper", { functions: ["beta"], on: [base] });
const one = make("one", { functions: ["alpha"], on: [base], content: 78 });
const two = make("two", { functions: ["alpha"], on: [base], content: 79 });
/** By --nodeps on another one than it was built on, which no cover keeps it from. */
const forced = make("forced", { mode: "stack", on: [base], content: 80 });
make("other", { functions: ["gamma"] });

async function run(host: ModelHost, words: string): Promise<CliRun> {
  const args = words.split(" ").map((word) => word.replace("FOLDER", folder));
  return await runXsplice(args, { host });
}

async function runAll(host: ModelHost, ...commands: readonly string[]): Promise<void> {
  for (const words of commands) {
    const { exitCode, stderr } = await run(host, words);
    assert.equal(exitCode, 0, `${words}: ${stderr}`);
  }
}

async function names(host: ModelHost): Promise<readonly string[]> {
  return (await host.list()).map(({ name }) => name);
}

test("unload refuses to free a payload that another loaded one refers to, and names the way", async () => {
  const host = new ModelHost(syntheticModel());
  await runAll(host, "load FOLDER/base", "upload upper FOLDER/upper", "revert base");
  const refused = await run(host, "unload base");
  assert.equal(refused.exitCode, 1);
  assert.match(
    refused.stderr,
    /Cannot unload "base": "upper" refers to it.*\n(.*\n)*.*"xsplice unload upper" first/,
  );
  assert.doesNotMatch(refused.stdout, /completed/);
  assert.deepEqual(await names(host), ["base", "upper"]);
  await runAll(host, "unload upper", "unload base");
});

test("unload frees a payload beside others that have nothing to do with it", async () => {
  const host = new ModelHost(syntheticModel());
  await runAll(host, "upload base FOLDER/base", "upload other FOLDER/other", "unload base");
  assert.deepEqual(await names(host), ["other"]);
});

test("apply refuses a payload of which somebody unloaded what it refers to, uploaded again or not", async () => {
  const host = new ModelHost(syntheticModel());
  await runAll(host, "upload base FOLDER/base", "upload upper FOLDER/upper");
  // As another tool does it.
  const options = { deadlineMs: 60_000, dependencyCheck: "whole-chain", quiesceMs: 30 } as const;
  await host.act("unload", "base", options);
  const gone = await run(host, "apply upper --nodeps");
  assert.equal(gone.exitCode, 1);
  assert.match(gone.stderr, /Cannot apply "upper": .*, which was unloaded\n/);
  await runAll(host, "load FOLDER/base");
  const stale = await run(host, "apply upper --nodeps");
  assert.match(
    stale.stderr,
    /Cannot apply "upper": it refers to "base", which was unloaded, and was uploaded again/,
  );
  assert.deepEqual(host.model.applied, ["base"]);
  await runAll(host, "unload upper", "load FOLDER/upper --nodeps");
  assert.deepEqual(host.model.applied, ["base", "upper"]);
});

test("apply and load refuse to take a fix out of force, as Xen does where it can see it", async () => {
  const host = new ModelHost(syntheticModel());
  await runAll(host, "load FOLDER/base", "load --nodeps FOLDER/one", "upload two FOLDER/two");
  const words = /Cannot apply "two": it replaces alpha as "one" has changed it, and does not/;
  const refused = await run(host, "apply --nodeps two");
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, words);
  await runAll(host, "unload two");
  const again = await run(host, "load --nodeps FOLDER/two");
  assert.equal(again.exitCode, 1);
  assert.match(again.stderr, words);
  assert.deepEqual(await names(host), ["base", "one"]);
  const anyway: ActOptions = {
    deadlineMs: 60_000,
    dependencyCheck: "hypervisor-only",
    quiesceMs: 30,
  };
  await host.upload("two", two.bytes);
  await assert.rejects(
    host.act("apply", "two", anyway),
    (error) =>
      error instanceof HostError &&
      /another payload is already stacked on alpha of/.test(error.report.problem),
  );
  await host.upload("forced", forced.bytes);
  const unseen = await run(host, "apply --nodeps forced");
  assert.equal(unseen.exitCode, 1);
  assert.match(unseen.stderr, /Cannot apply "forced": it replaces [a-z]+ as "one" has changed it/);
  await host.act("apply", "forced", anyway);
  assert.deepEqual(host.model.applied, ["base", "one", "forced"]);
});

test("probe says who lies on the payload already that another one was built on", async () => {
  const host = new ModelHost(syntheticModel());
  await runAll(host, "load FOLDER/base", "load --nodeps FOLDER/one");
  const { exitCode, stdout } = await run(host, "probe FOLDER/two");
  assert.equal(exitCode, 2);
  assert.match(
    stdout,
    /another payload is already stacked on alpha of payload "base"\n +most likely changed by payload "one"/,
  );
  await runAll(host, "revert one", "probe FOLDER/two");
});

test("plan says of a fix that it is not in force although there is nothing to do", async () => {
  const host = new ModelHost(syntheticModel());
  await runAll(host, "load FOLDER/base", "load --nodeps FOLDER/one", "upload forced FOLDER/forced");
  const [options, now] = [{ deadlineMs: 60_000 }, () => new Date()];
  const untold = {
    now,
    factsOf: () => forced.facts,
    onTrouble: (error: unknown) => assert.fail(String(error)),
    onSetAside: (place: string) => assert.fail(place),
  };
  await JournalledHost.around(host, untold).host.act("apply", "forced", {
    ...options,
    dependencyCheck: "hypervisor-only",
    quiesceMs: 30,
  });
  const wish = ["base", "one", "forced"].map((name) => `--to FOLDER/${name}`).join(" ");
  const { stdout } = await run(host, `plan ${wish}`);
  assert.match(
    stdout,
    /Nothing to do\.\nNote: what "one" made of alpha is not in force: "forced" was not built on top of it\.\n/,
  );
});

test("viewStack() says which fix a higher payload has taken out of force", () => {
  const loaded = [base, one, two].map(({ name, facts }) => [name, facts] as const);
  const names = loaded.map(([name]) => name);
  const state: HostState = {
    ...stateOf(...loaded),
    stack: { kind: "known", names, evidence: "journal" },
  };
  const [lowest, middle] = viewStack(state).applied;
  assert.deepEqual(lowest?.functions, [
    { name: "alpha", overlappedBy: ["one", "two"], lostTo: [] },
  ]);
  assert.deepEqual(middle?.functions, [{ name: "alpha", overlappedBy: ["two"], lostTo: ["two"] }]);
  assert.match(
    renderStack(viewStack(state)),
    /alpha {2}<- replaced again by two; not in force: two does not include it\n/,
  );
});

function stateOf(...loaded: readonly (readonly [string, PayloadFacts])[]): HostState {
  return {
    xenBuildId: XEN_ID,
    bootId: "boot",
    nodeps: "possible",
    loaded: loaded.map(([name, facts]) => ({
      name,
      facts,
      history: "unknown",
      status: { kind: "checked" },
    })),
    stack: { kind: "known", names: [], evidence: "no-choice" },
  };
}

test("findBrokenBinding() knows from metadata alone who refers to whom", () => {
  const listed = (made: MadePayload) => factsOfMetadata(made.facts.metadata);
  const state = stateOf(["base", listed(base)], ["upper", listed(upper)]);
  const unload = { action: "unload", dependencyCheck: "whole-chain" } as const;
  assert.equal(findBrokenBinding({ ...unload, name: "base" }, state)?.code, "plan/in-use");
  assert.equal(findBrokenBinding({ ...unload, name: "upper" }, state), undefined);
  const apply = { action: "apply", name: "upper", dependencyCheck: "hypervisor-only" } as const;
  assert.equal(findBrokenBinding(apply, state), undefined);
  const alone = stateOf(["upper", listed(upper)]);
  assert.equal(findBrokenBinding(apply, alone)?.code, "plan/unbound");
});

test("findBrokenBinding() has no word against payloads of which nothing is known", () => {
  const state = stateOf(["one", unknownFacts], ["two", unknownFacts]);
  for (const action of ["unload", "apply", "replace"] as const) {
    const step = { action, name: "one", dependencyCheck: "hypervisor-only" } as const;
    assert.equal(findBrokenBinding(step, state), undefined);
  }
});
