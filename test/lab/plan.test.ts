// Plans against real hypervisors: what a host runs is found out from its journal, and every step of a
// plan is taken, with the calls' answers compared in between.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { factsOfPayload } from "../../src/plan/facts.ts";
import { JournalledHost } from "../../src/plan/journalled-host.ts";
import { observeHost } from "../../src/plan/observe.ts";
import type { GivenPayload } from "../../src/plan/piece.ts";
import { makePlan, type PlanOptions } from "../../src/plan/plan.ts";
import type { Plan } from "../../src/plan/plan-form.ts";
import type { Wish } from "../../src/plan/wish.ts";
import { type Bench, openBench, versions } from "./compile-bench.ts";
import { actOptions, call } from "./host-under-test.ts";
import { type MadePayload, makerFromC } from "./modes/makers.ts";
import { describeOnXen } from "./why-no-xen.ts";

type NamedPayload = GivenPayload & { readonly bytes: Uint8Array };

for (const xen of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(xen, `plans on Xen ${xen}`, () => {
    let bench: Bench | undefined;
    before(async () => {
      bench = await openBench(xen);
    });
    after(() => bench?.close());
    test("makePlan() gives steps that Xen takes: on top, out of the middle, in place of all, back", async () => {
      assert.ok(bench);
      await moveAbout(bench);
    });
  });
}

async function moveAbout(bench: Bench): Promise<void> {
  const make = makerFromC(bench);
  const one = named("one", await make("independent", { extra: ".one" }, []));
  const other = named("other", await make("independent", { changeset: "other" }, []));
  const all = named("all", await make("cumulative", { extra: ".all", changeset: "all" }, []));
  const files = [one, other, all];
  const host = journalled(bench.host);
  const untouched = await versions(bench);
  const follow = async (wish: Wish, options: PlanOptions = {}): Promise<Plan> => {
    // Somebody else, who has nothing but what the host itself tells.
    await using observer = await labHost(bench.lab);
    const { state, journal } = await observeHost(observer, files, call);
    assert.ok(journal === "fits" || state.loaded.length === 0, journal);
    const planned = makePlan(state, wish, { files, ...options });
    assert.ok(planned.kind === "plan", JSON.stringify(planned));
    await takeSteps(host, planned.plan, files);
    const { state: then } = await observeHost(observer, files, call);
    assert.deepEqual(then.stack.names, planned.plan.stack);
    return planned.plan;
  };

  await follow({ kind: "apply-exactly", payloads: [other] });
  await follow({ kind: "apply-exactly", payloads: [one, other] });
  assert.deepEqual(await versions(bench), [".one", "other"]);
  const middle = await follow({ kind: "revert", names: ["other"] });
  assert.deepEqual(await versions(bench), [".one", untouched[1]]);
  assert.equal(middle.steps.at(-1)?.action, "unload");
  await follow({ kind: "apply-exactly", payloads: [one, other] });
  const replaced = await follow({ kind: "apply-exactly", payloads: [all] }, { moments: "refuse" });
  assert.deepEqual(
    replaced.steps.map(({ action, name }) => `${action} ${name}`),
    ["upload all", "replace all", "unload other", "unload one"],
  );
  assert.deepEqual(await versions(bench), [".all", "all"]);
  const back = await follow({ kind: "apply-exactly", payloads: [one, other] });
  // The other function runs Xen's own code until it is patched again: two payloads, two rendezvous.
  assert.equal(back.missing.length, 1);
  assert.deepEqual(await versions(bench), [".one", "other"]);
  await follow({ kind: "apply-exactly", payloads: [] });
  assert.deepEqual(await versions(bench), untouched);
  assert.deepEqual(await bench.host.list(call), []);
}

function named(name: string, { bytes }: MadePayload): NamedPayload {
  const facts = factsOfPayload(parsePayload(bytes, name));
  return { source: `${name}.livepatch`, name, facts, bytes };
}

function journalled(host: LivepatchHost): LivepatchHost {
  return JournalledHost.around(host, {
    now: () => new Date(),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => {
      throw error;
    },
    onSetAside: (place) => assert.fail(place),
  }).host;
}

async function takeSteps(
  host: LivepatchHost,
  plan: Plan,
  files: readonly NamedPayload[],
): Promise<void> {
  for (const { action, name, buildId, dependencyCheck } of plan.steps) {
    if (action === "upload") {
      const file = files.find(({ facts }) => facts.buildId === buildId);
      assert.ok(file, name);
      await host.upload(name, file.bytes, call);
      continue;
    }
    const options = { ...actOptions, dependencyCheck: dependencyCheck ?? "whole-chain" } as const;
    const { result } = await host.act(action, name, options);
    assert.equal(result, "done", `${action} ${name}`);
  }
}
