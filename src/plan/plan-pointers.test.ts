// makePlan() and findBrokenBinding() for payloads that the hypervisor may still reach after a revert: by a
// pointer that it keeps, or because a CPU is in them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LEAVING_MS } from "../xen-abi/rendezvous.ts";
import { findBrokenBinding } from "./bindings.ts";
import { leavingMsOf } from "./host-state.ts";
import { host, payload, revert, to } from "./plan.test.support.ts";
import { makePlan } from "./plan.ts";

const callback = payload("callback", "f", { kept: ["extra_key"] });
const other = payload("other", "f");

function stepsOf(planned: ReturnType<typeof makePlan>): readonly string[] {
  assert.equal(planned.kind, "plan", JSON.stringify(planned));
  return planned.kind === "plan"
    ? planned.plan.steps.map((step) => `${step.action} ${step.name}`)
    : [];
}

test("makePlan() leaves what the hypervisor keeps a pointer into loaded, and says so", () => {
  for (const wish of [revert("callback"), to(other)]) {
    const planned = makePlan(host(["callback+"], [callback]), wish);
    assert.ok(!stepsOf(planned).includes("unload callback"));
    const notices = planned.kind === "plan" ? planned.plan.notices : [];
    const told = notices.filter(({ kind }) => kind === "held");
    assert.deepEqual(
      told.map(({ words }) => words),
      ['"callback" stays loaded: the hypervisor keeps a pointer to "extra_key"'],
    );
  }
});

test("makePlan() refuses to bring a host to nothing while the hypervisor keeps a pointer", () => {
  const planned = makePlan(host(["callback+"], [callback]), to());
  assert.equal(planned.kind, "refused");
  const codes = planned.kind === "refused" ? planned.obstacles.map(({ code }) => code) : [];
  assert.deepEqual(codes, ["plan/pointer-kept"]);
});

test("makePlan() unloads it where that is allowed, and tells of the pointer", () => {
  const planned = makePlan(host(["callback+"], [callback]), to(), { dangling: "allow" });
  assert.deepEqual(stepsOf(planned), ["revert callback", "unload callback"]);
  const notices = planned.kind === "plan" ? planned.plan.notices : [];
  assert.ok(notices.some(({ kind, name }) => kind === "dangling" && name === "callback"));
});

test("makePlan() unloads what was never applied: no pointer to it was handed out", () => {
  assert.deepEqual(stepsOf(makePlan(host(["callback"], [callback]), to())), ["unload callback"]);
});

test("makePlan() loads nothing anew in the place of what must stay loaded", () => {
  const stateful = payload("callback", "f", { kept: ["extra_key"], data: "writable" });
  const state = host(["callback"], [stateful]);
  const loaded = state.loaded.map((one) => ({ ...one, history: "reverted" as const }));
  const planned = makePlan({ ...state, loaded }, to(stateful));
  assert.equal(planned.kind, "refused");
  const [refused] = planned.kind === "refused" ? planned.obstacles : [];
  assert.match(refused?.remedy ?? "", /build the fix anew .*want that payload instead/);
  assert.equal(
    stepsOf(makePlan({ ...state, loaded }, to(stateful), { dangling: "allow" })).length,
    3,
  );
});

test("findBrokenBinding() refuses to unload it once it may have been applied, without consent", () => {
  const state = host(["callback"], [callback]);
  const step = { action: "unload", name: "callback", dependencyCheck: "whole-chain" } as const;
  assert.equal(findBrokenBinding(step, state), undefined);
  for (const history of ["reverted", "unknown"] as const) {
    const later = { ...state, loaded: state.loaded.map((one) => ({ ...one, history })) };
    const refused = findBrokenBinding(step, later);
    assert.equal(refused?.code, "plan/pointer-kept");
    assert.match(refused?.problem ?? "", /a pointer to "extra_key"/);
    assert.equal(findBrokenBinding({ ...step, dangling: "allow" }, later), undefined);
  }
});

const idle = payload("idle", "f", { lingers: ["idle_loop"] });
const dead = payload("dead", "f", { parks: ["play_dead"] });

test("makePlan() has an unload wait for CPUs to leave the payload's code", () => {
  const planned = makePlan(host(["idle+"], [idle]), to());
  assert.deepEqual(stepsOf(planned), ["revert idle", "unload idle"]);
  const waits = planned.kind === "plan" ? planned.plan.steps.map(({ afterMs }) => afterMs) : [];
  assert.deepEqual(waits, [undefined, LEAVING_MS]);
});

test("makePlan() does not wait for what was never applied", () => {
  const planned = makePlan(host(["idle"], [idle]), to());
  const [step] = planned.kind === "plan" ? planned.plan.steps : [];
  assert.equal(step?.action, "unload");
  assert.equal(step?.afterMs, undefined);
});

test("makePlan() leaves loaded in what a CPU may still be, and unloads it by consent", () => {
  const kept = makePlan(host(["dead+"], [dead]), revert("dead"));
  assert.ok(!stepsOf(kept).includes("unload dead"));
  const words = kept.kind === "plan" ? kept.plan.notices.map((notice) => notice.words) : [];
  assert.deepEqual(words, ['"dead" stays loaded: a CPU may still be in "play_dead"']);
  const refused = makePlan(host(["dead+"], [dead]), to());
  const codes = refused.kind === "refused" ? refused.obstacles.map(({ code }) => code) : [];
  assert.deepEqual(codes, ["plan/cpu-stays"]);
  const allowed = makePlan(host(["dead+"], [dead]), to(), { dangling: "allow" });
  assert.deepEqual(stepsOf(allowed), ["revert dead", "unload dead"]);
});

test("findBrokenBinding() tells of both where there is a pointer, and a CPU may be in it", () => {
  const both = payload("both", "f", { kept: ["extra_key"], parks: ["play_dead"] });
  const state = host(["both"], [both]);
  const loaded = state.loaded.map((one) => ({ ...one, history: "reverted" as const }));
  const step = { action: "unload", name: "both", dependencyCheck: "whole-chain" } as const;
  const refused = findBrokenBinding(step, { ...state, loaded });
  assert.match(
    refused?.problem ?? "",
    /keeps a pointer to "extra_key", and a CPU may still be in "play_dead"/,
  );
  assert.match(refused?.remedy ?? "", /the pointer is gone, and that no CPU went offline/);
});

test("makePlan() tells of vCPUs that may sleep in what it unloads, once it was applied", () => {
  const asleep = payload("asleep", "f", { sleeps: ["hvm_copy"] });
  const wordsOf = (state: string) => {
    const planned = makePlan(host([state], [asleep]), to());
    assert.ok(stepsOf(planned).includes("unload asleep"));
    return planned.kind === "plan" ? planned.plan.notices.map(({ words }) => words).join() : "";
  };
  assert.match(wordsOf("asleep+"), /^a vCPU may sleep in "hvm_copy" of "asleep" while the ring is/);
  assert.equal(wordsOf("asleep"), "");
});

test("leavingMsOf() is none for what is not known to have CPUs in it", () => {
  const { lingers: _, ...facts } = idle.facts;
  assert.equal(leavingMsOf({ facts: { ...facts, lingers: undefined } }, "reverted"), 0);
  assert.equal(leavingMsOf(idle, "unknown"), LEAVING_MS);
});
