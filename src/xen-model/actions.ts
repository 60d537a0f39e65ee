// The hypercall of an action: Xen's immediate answer, and the part that it leaves for the rendezvous:
// ABI reference §4.1.

import { toHex } from "../bytes/hex.ts";
import { unreachable } from "../invariant.ts";
import { Errno } from "../xen-abi/errno.ts";
import { type HookKind, hooksAgainstReplace } from "../xen-abi/hooks.ts";
import { sameId } from "./build-id-note.ts";
import { checkExpectations } from "./expectation.ts";
import { hookResult } from "./hook-result.ts";
import { regionsOf } from "./load/load.ts";
import type { PayloadLife } from "./payload.ts";
import { requireLife } from "./rendezvous.ts";
import { type ActionName, type ModelState, say, updateLife } from "./state.ts";
import { type Assumption, refuse } from "./verdict.ts";

export interface ActionRequest {
  readonly action: ActionName;
  readonly name: string;
  /** `hypervisor-only` is the flag NODEPS of apply; releases before 4.14 do not know it. */
  readonly dependencyCheck: "whole-chain" | "hypervisor-only";
}

/**
 * `scheduled`: the rendezvous performs it; `done`: it is done; `nothing`: Xen reports success and does
 * nothing, because the payload is in another state.
 */
export type ActionEffect = "scheduled" | "done" | "nothing";

const EAGAIN = -Errno.EAGAIN;

/** Throws Stop. */
export function beginAction(
  state: ModelState,
  request: ActionRequest,
  assumptions: Assumption[],
): ActionEffect {
  const { action, name } = request;
  const life = state.lives.get(name);
  if (life === undefined) {
    return refuse("action/name", "ENOENT", `no payload "${name}" is loaded`);
  }
  if (state.work?.name === name) {
    refuse("action/busy", "EBUSY", "an action on it is under way");
  }
  switch (action) {
    case "unload":
      return unload(state, life);
    case "revert":
      return beginRevert(state, life, assumptions);
    case "apply":
      return beginApply(state, life, request, assumptions);
    case "replace":
      return beginReplace(state, life);
    default:
      return unreachable(action);
  }
}

function unload(state: ModelState, { payload, state: where }: PayloadLife): ActionEffect {
  const { name } = payload;
  if (where !== "checked") refuse("unload/state", "EINVAL", "it is applied");
  for (const { start } of regionsOf(payload.placement)) state.memory.unmap(start);
  state.ids.delete(toHex(payload.buildId));
  state.lives.delete(name);
  for (const symbol of payload.exports) {
    if (state.exports.get(symbol.name)?.owner === name) forgetExport(state, symbol.name);
  }
  return "done";
}

/** Of payloads that brought one name the first that is loaded counts: a vendor's Xen takes several. */
function forgetExport(state: ModelState, name: string): void {
  state.exports.delete(name);
  for (const { payload } of state.lives.values()) {
    const other = payload.exports.find((symbol) => symbol.name === name);
    if (other === undefined) continue;
    state.exports.set(name, { owner: payload.name, value: other.value });
    return;
  }
}

function beginRevert(
  state: ModelState,
  life: PayloadLife,
  assumptions: Assumption[],
): ActionEffect {
  const { name } = life.payload;
  if (life.state !== "applied") return "nothing";
  const top = state.applied.at(-1) ?? "";
  if (top !== name) {
    const console = [`${name}: can't unload. Top is ${top}`];
    refuse("revert/order", "EBUSY", `"${top}" was applied after it`, { console });
  }
  askHook(state, life, "prerevert", assumptions);
  return schedule(state, "revert", name);
}

function beginApply(
  state: ModelState,
  life: PayloadLife,
  { dependencyCheck }: ActionRequest,
  assumptions: Assumption[],
): ActionEffect {
  const { payload } = life;
  const { name } = payload;
  if (life.state !== "checked") return "nothing";
  if (life.wasReverted && !payload.placement.isSafeToReapply) {
    updateLife(state, name, { rc: -Errno.EINVAL });
    say(state, `${name}: can't revert as payload has .data. Please unload`);
    return "nothing";
  }
  if (dependencyCheck === "whole-chain") checkDependency(state, life, state.applied.at(-1));
  checkExpectations({ memory: state.memory, assumptions }, payload);
  askHook(state, life, "preapply", assumptions);
  return schedule(state, "apply", name);
}

function beginReplace(state: ModelState, life: PayloadLife): ActionEffect {
  const { name } = life.payload;
  if (life.state !== "checked") return "nothing";
  checkDependency(state, life, undefined);
  const involved = [...state.applied.map((other) => requireLife(state, other)), life];
  const vetoing = involved.find(({ payload }) =>
    hooksAgainstReplace.some((kind) => payload.hooks.counts.has(kind)),
  );
  if (vetoing !== undefined) {
    const words = `"${vetoing.payload.name}" has hooks that can refuse`;
    refuse("replace/hooks", "EOPNOTSUPP", words, {
      console: [`${name}: REPLACE action is not supported on livepatches with vetoing hooks!`],
    });
  }
  return schedule(state, "replace", name);
}

/** @param below name of the payload that it must depend on; by default the hypervisor */
function checkDependency(state: ModelState, life: PayloadLife, below: string | undefined): void {
  const { payload } = life;
  const expected =
    below === undefined ? state.xen.buildId : requireLife(state, below).payload.buildId;
  const what = below ?? "hypervisor";
  const console = [`${payload.name}: check against ${what} build-id failed`];
  const step = "apply/dependency";
  if (expected === undefined) {
    refuse(step, "ENODATA", "the hypervisor has no build-id", { console });
  }
  if (sameId(payload.depends, expected)) return;
  const words =
    below === undefined
      ? "it depends on another hypervisor build, or on a payload"
      : `it does not depend on "${below}", which is applied last`;
  refuse(step, "EINVAL", words, { console, place: { section: ".livepatch.depends" } });
}

/** A hook that may refuse before anything happens. */
function askHook(
  state: ModelState,
  { payload }: PayloadLife,
  kind: HookKind & ("preapply" | "prerevert"),
  assumptions: Assumption[],
): void {
  const { name } = payload;
  if (!payload.hooks.counts.has(kind)) return;
  const result = hookResult(state, payload, kind, assumptions);
  if (result === 0) return;
  updateLife(state, name, { rc: result });
  const when = kind === "preapply" ? "pre-apply" : "pre-revert";
  refuse("hook/veto", -result, `its ${when} hook returned ${result}`, {
    console: [`${name}: ${when} hook failed (rc=${result}), aborting!`],
  });
}

/** If the slot is taken, the payload stays marked as under way; for Xen it is so for ever. */
function schedule(
  state: ModelState,
  action: "apply" | "revert" | "replace",
  name: string,
): ActionEffect {
  updateLife(state, name, { rc: EAGAIN });
  if (state.work !== undefined) {
    refuse("action/busy", "EBUSY", `an action on "${state.work.name}" is under way`);
  }
  state.work = { action, name };
  return "scheduled";
}
