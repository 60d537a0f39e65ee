// Takes the steps of a plan on the model, and looks at each point whose code every function runs:
// in memory, by where the jump at its entry leads. Not a test.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { Plan } from "../src/plan/plan-form.ts";
import type { XenModel } from "../src/xen-model/mod.ts";
import {
  FUNCTION_SIZE,
  functionNames,
  TEXT_START,
} from "../src/xen-model/synthetic.test.support.ts";
import type { MadePayload } from "./plan-payloads.ts";

/** What is in force at one point of a way. */
export interface Sight {
  readonly stack: readonly string[];
  /** Payload that each function leads to; a function that is not in it runs Xen's own code. */
  readonly owners: ReadonlyMap<string, string>;
}

/** Before the first step, and after each; every step must be accepted. */
export function takeSteps(
  model: XenModel,
  plan: Plan,
  universe: readonly MadePayload[],
): readonly Sight[] {
  const sights = [lookAt(model)];
  for (const [index, step] of plan.steps.entries()) {
    const { action, name } = step;
    const where = `step ${index + 1}, ${action} ${name}`;
    if (action === "upload") {
      const payload = universe.find(({ buildId }) => buildId === step.buildId);
      assert.ok(payload, where);
      const answer = model.upload(name, payload.bytes);
      assert.equal(answer.kind, "accepted", `${where}: ${inspect(answer, { depth: 1 })}`);
    } else {
      const dependencyCheck = step.dependencyCheck ?? "whole-chain";
      const answer = model.act({ action, name, dependencyCheck });
      const isDone = answer.kind === (action === "unload" ? "accepted" : "done");
      assert.ok(isDone, `${where}: ${inspect(answer, { depth: 1 })}`);
    }
    sights.push(lookAt(model));
  }
  return sights;
}

function lookAt(model: XenModel): Sight {
  const owners = new Map<string, string>();
  for (const [index, name] of functionNames.entries()) {
    const entry = TEXT_START + BigInt(index * FUNCTION_SIZE) + (name === "marked" ? 4n : 0n);
    const read = model.read(entry, 5);
    if (read.kind !== "bytes" || read.bytes[0] !== 0xe9) continue;
    const distance = new DataView(read.bytes.buffer, read.bytes.byteOffset).getInt32(1, true);
    const target = entry + 5n + BigInt(distance);
    const owner = model.list().find(({ name: payload }) => {
      const placement = model.payload(payload)?.placement;
      if (placement === undefined) return false;
      const end = placement.base + BigInt(placement.bytes.length);
      return placement.base <= target && target < end;
    });
    if (owner !== undefined) owners.set(name, owner.name);
  }
  return { stack: model.applied, owners };
}

/**
 * Functions that were patched before, are afterwards, and in between run code that is neither what
 * they ran, nor what they will, nor anything stacked between these two.
 */
export function missingFunctions(
  sights: readonly Sight[],
  made: ReadonlyMap<string, MadePayload>,
): readonly string[] {
  const first = sights[0];
  const last = sights.at(-1);
  return functionNames.filter((name) => {
    const before = first?.owners.get(name);
    const after = last?.owners.get(name);
    if (before === undefined || after === undefined) return false;
    const replaces = (payload: string) =>
      made.get(payload)?.design.functions.some((own) => own === name) ?? false;
    const above = (stack: readonly string[], lowest: string) => {
      const index = stack.indexOf(lowest);
      return index < 0 ? [] : stack.slice(index).filter(replaces);
    };
    const good = new Set([
      ...[before, after],
      ...above(first?.stack ?? [], after),
      ...above(last?.stack ?? [], before),
    ]);
    return sights.some(({ owners }) => !good.has(owners.get(name) ?? ""));
  });
}
