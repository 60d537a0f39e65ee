// Hooks: those that do the work of an action themselves, and those that refuse it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../xen-abi/errno.ts";
import { makeElf } from "./hand-made-elf.test.support.ts";
import type { ModelOptions } from "./state.ts";
import {
  hookParts,
  type SyntheticEntry,
  syntheticModel,
  syntheticPayload,
  syntheticPayloadParts,
} from "./synthetic.test.support.ts";

const NOTHING = "31c0c3";
const REFUSES = "b8f0ffffffc3";

/** A payload whose hook of the kind has the code. */
function withHook(
  kind: "apply" | "revert",
  code: string,
  entries: readonly SyntheticEntry[],
): Uint8Array {
  const parts = syntheticPayloadParts({ id: "11", entries });
  const hook = hookParts(kind, code);
  return makeElf({
    sections: [
      // An empty table of functions would be refused.
      ...parts.sections.filter(({ name }) => name !== ".livepatch.funcs" || entries.length > 0),
      ...hook.sections,
    ],
    symbols: [...parts.symbols, ...hook.symbols],
  });
}

const oneFunction = [{ old: "alpha", by: "new_alpha" }];

function outcome(
  bytes: Uint8Array,
  actions: readonly ("apply" | "revert")[],
  options?: ModelOptions,
): string {
  const model = syntheticModel("4.17.5", options);
  assert.equal(model.upload("w", bytes).kind, "accepted");
  let last = "";
  for (const action of actions) {
    const answer = model.act({ action, name: "w", dependencyCheck: "whole-chain" });
    last =
      answer.kind === "crash"
        ? answer.trap
        : answer.kind === "failed"
          ? `${answer.refusal.errno}`
          : answer.kind;
  }
  return last;
}

test("XenModel panics at an apply hook that applies nothing and says that it did", () => {
  assert.equal(outcome(withHook("apply", NOTHING, oneFunction), ["apply"]), "inconsistent-hook");
});

test("XenModel takes the word of an apply hook that refuses and applies nothing", () => {
  assert.equal(outcome(withHook("apply", REFUSES, oneFunction), ["apply"]), "16");
});

test("XenModel applies a payload without functions whose apply hook does nothing", () => {
  assert.equal(outcome(withHook("apply", NOTHING, []), ["apply"]), "done");
});

test("XenModel panics at a revert hook that reverts nothing and says that it did", () => {
  const bytes = withHook("revert", NOTHING, oneFunction);
  assert.equal(outcome(bytes, ["apply", "revert"]), "inconsistent-hook");
});

test("XenModel leaves a payload applied whose revert hook refuses", () => {
  assert.equal(outcome(withHook("revert", REFUSES, oneFunction), ["apply", "revert"]), "16");
});

test("XenModel applies nothing while a vCPU sits on a wait queue, on releases that look", () => {
  const parts = makeElf(syntheticPayloadParts({ id: "11", entries: oneFunction }));
  assert.equal(outcome(parts, ["apply"], { waitQueues: "active" }), "16");
  assert.equal(outcome(parts, ["apply"], { waitQueues: "empty" }), "done");
});

test("XenModel takes a hook's veto for the answer and the result", () => {
  const model = syntheticModel("4.17.5", { hookResult: () => -84 });
  const hook = {
    name: ".livepatch.hooks.preapply",
    flags: "A",
    bytes: new Uint8Array(8).fill(1),
  };
  const more = { sections: [hook] };
  model.upload("a", syntheticPayload({ id: "01", entries: oneFunction, more }));
  const act = (action: "apply" | "replace"): number | string => {
    const answer = model.act({ action, name: "a", dependencyCheck: "whole-chain" });
    return answer.kind === "refused" ? answer.errno : answer.kind;
  };
  assert.equal(act("apply"), 84);
  assert.equal(model.status("a")?.rc, -84);
  assert.equal(act("replace"), Errno.EOPNOTSUPP);
});
