// The verbs beside payloads that refer to each other: Xen would carry out what kills the host (it was
// seen to, old-code guard §4), so the refusal is ours, and the host has to be as it was.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ModelHost } from "../src/hosts/model.ts";
import { findBrokenBinding } from "../src/plan/bindings.ts";
import { factsOfMetadata, type PayloadFacts, unknownFacts } from "../src/plan/facts.ts";
import type { HostState } from "../src/plan/host-state.ts";
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

function stateOf(...loaded: readonly (readonly [string, PayloadFacts])[]): HostState {
  return {
    ...{ xenBuildId: XEN_ID, bootId: "boot", nodeps: "possible" },
    loaded: loaded.map(([name, facts]) => ({
      ...{ name, facts, history: "unknown", status: { kind: "checked" } },
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
