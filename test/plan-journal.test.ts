import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ListedPayload } from "../src/host/host.ts";
import { mayIgnoreDependency } from "../src/payload/stacking.ts";
import { beginInJournal, endInJournal, startJournal } from "../src/plan/journal.ts";
import type { Journal } from "../src/plan/journal-form.ts";
import { decodeJournal, encodeJournal } from "../src/plan/journal-json.ts";
import { type Reconstruction, reconstructState } from "../src/plan/reconstruct.ts";
import type { XenModel } from "../src/xen-model/mod.ts";
import { syntheticModel, XEN_ID } from "../src/xen-model/synthetic.test.support.ts";
import type { MadePayload } from "./plan-payloads.ts";
import { type Deed, makeIndependentUniverse, makeUniverse, uses } from "./plan-universe.ts";

const universes = [
  ...Array.from({ length: 8 }, (_, index) => makeUniverse(index + 301, 6)),
  ...Array.from({ length: 4 }, (_, index) => makeIndependentUniverse(index + 401)),
];
const universeOf = (payload: MadePayload) => universes.find((made) => made.includes(payload)) ?? [];
const info = { buildId: XEN_ID, bootId: "this boot" };

type Crash = "none" | "before the action" | "after the action";
interface Act {
  readonly kind: Exclude<Deed["kind"], "force">;
  readonly who: number;
  readonly crash: Crash;
  readonly actor: "journalled" | "stranger";
}

function listOf(model: XenModel): readonly ListedPayload[] {
  return model
    .list()
    .map(({ name, state, metadata }) => ({ name, status: { kind: state }, metadata }));
}

function look(model: XenModel, journal: Journal | undefined): Reconstruction {
  const written = journal && decodeJournal(encodeJournal(journal));
  return reconstructState({
    info,
    nodeps: "possible",
    list: listOf(model),
    journal: written,
    files: [],
  });
}

const nobody = { by: undefined, from: undefined };

/** One thing done, in the way of a tool that keeps the journal, which may die at each point. */
function doWithJournal(
  model: XenModel,
  journal: Journal | undefined,
  payload: MadePayload,
  { kind, crash }: Act,
): Journal {
  const { state, journal: verdict } = look(model, journal);
  const settled = journal && verdict === "fits" ? endInJournal(journal, listOf(model)) : undefined;
  const ready = settled ?? startJournal(state, info.bootId);
  const action = model.payload(payload.name) === undefined ? "upload" : kind;
  const name = action === "revert" ? (model.applied.at(-1) ?? payload.name) : payload.name;
  const facts = action === "upload" ? payload.facts : undefined;
  const begun = beginInJournal(ready, {
    action,
    name,
    facts,
    at: "2026-01-01T00:00:00Z",
    ...nobody,
  });
  if (crash === "before the action") return begun;
  perform(model, action, name, payload);
  if (crash === "after the action") return begun;
  const ended = endInJournal(begun, listOf(model));
  assert.ok(ended, `the journal does not understand its own ${action} of ${name}`);
  return ended;
}

function perform(model: XenModel, action: Act["kind"], name: string, payload: MadePayload): void {
  if (action === "upload") {
    model.upload(name, payload.bytes);
    return;
  }
  // Xen takes it, and the next apply of a payload that refers to it kills the host.
  const users = universeOf(payload).filter(
    (user) => model.payload(user.name) && uses(user, payload),
  );
  if (action === "unload" && users.length > 0) return;
  const isFree = action === "apply" && mayIgnoreDependency(payload.facts);
  model.act({ action, name, dependencyCheck: isFree ? "hypervisor-only" : "whole-chain" });
}

const applies = Array.from({ length: 9 }, () => "apply" as const);
const act = fc.record<Act>({
  kind: fc.constantFrom<Act["kind"]>(...applies, "revert", "replace", "unload"),
  who: fc.nat(5),
  crash: fc.constantFrom<Crash>("none", "none", "before the action", "after the action"),
  actor: fc.constant("journalled"),
});
const universe = fc.nat(universes.length - 1);

test("reconstructState() knows the stack from the journal, wherever its writer died", () => {
  let high = 0;
  fc.assert(
    fc.property(
      universe,
      fc.array(act, { minLength: 10, maxLength: 30, size: "max" }),
      (index, acts) => {
        const model = syntheticModel();
        let journal: Journal | undefined;
        const reverted = new Set<string>();
        for (const one of acts) {
          const payload = universes[index]?.[one.who];
          assert.ok(payload);
          const before = model.applied;
          journal = doWithJournal(model, journal, payload, one);
          for (const name of before) if (!model.applied.includes(name)) reverted.add(name);
          for (const name of reverted) if (model.payload(name) === undefined) reverted.delete(name);
          const { state, journal: verdict } = look(model, journal);
          assert.equal(verdict, "fits");
          assert.equal(state.stack.kind, "known");
          assert.deepEqual(state.stack.names, model.applied);
          if (model.applied.length > 1) high++;
          for (const { name, history } of state.loaded) {
            assert.equal(history, reverted.has(name) ? "reverted" : "never-reverted", name);
          }
        }
      },
    ),
    { numRuns: 200, includeErrorInReport: true },
  );
  assert.ok(high > 300);
});

test("reconstructState() says nothing of the stack that is not so, whoever was at work in between", () => {
  const anybody = act.chain((one) =>
    fc.constantFrom("journalled" as const, "stranger" as const).map((actor) => ({ ...one, actor })),
  );
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(
      universe,
      fc.array(anybody, { minLength: 10, maxLength: 30, size: "max" }),
      (index, acts) => {
        const model = syntheticModel();
        let journal: Journal | undefined;
        for (const one of acts) {
          const payload = universes[index]?.[one.who];
          assert.ok(payload);
          if (one.actor === "journalled") journal = doWithJournal(model, journal, payload, one);
          else {
            const name = one.kind === "revert" ? (model.applied.at(-1) ?? "") : payload.name;
            perform(model, one.kind, name, payload);
            // A stranger's two steps that undo each other go unseen, so the journal looks after each.
            const { journal: verdict } = look(model, journal);
            if (verdict === "contradicted") journal = undefined;
          }
          const { stack } = look(model, journal).state;
          outcomes.set(stack.kind, (outcomes.get(stack.kind) ?? 0) + 1);
          if (stack.kind === "known") assert.deepEqual(stack.names, model.applied);
          else {
            assert.ok(stack.reasons.length > 0);
            for (const [below, above] of stack.known) {
              assert.ok(model.applied.indexOf(below) < model.applied.indexOf(above));
            }
          }
        }
      },
    ),
    { numRuns: 200, includeErrorInReport: true },
  );
  assert.ok((outcomes.get("unknown") ?? 0) > 40);
});
