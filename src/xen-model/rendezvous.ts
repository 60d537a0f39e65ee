// What Xen does while all CPUs are stopped: the bodies of apply, revert and replace: ABI reference
// §4.3 and §3.

import { invariant, unreachable } from "../invariant.ts";
import { type HookKind, hookRules } from "../xen-abi/hooks.ts";
import { checkExpectations } from "./expectation.ts";
import { doesNothing, hookResult } from "./hook-result.ts";
import type { PayloadLife } from "./payload.ts";
import { applyFunctions, revertFunctions } from "./splice.ts";
import { type ModelState, say, updateLife, type Work } from "./state.ts";
import {
  type Answered,
  type Assumption,
  type Crash,
  crash,
  type Refusal,
  refusalOf,
  refuse,
  stopped,
} from "./verdict.ts";

export type WorkAnswer = Answered<
  | { readonly kind: "done" }
  /** `rc` of the payload has it; what was reverted on the way stays reverted. */
  | { readonly kind: "failed"; readonly refusal: Refusal }
  | Crash
>;

const UNPATCHED =
  "SYSTEM MIGHT BE INSECURE: Replace action has been aborted after reverting ALL payloads!";

/** Ends the work that is pending; its slot is free afterwards. */
export function doWork(state: ModelState, work: Work): WorkAnswer {
  const assumptions: Assumption[] = [];
  state.work = undefined;
  const answer = stopped(() => perform(state, work, assumptions)) ?? undefined;
  if (answer === undefined) {
    updateLife(state, work.name, { rc: 0 });
    return { kind: "done", assumptions };
  }
  if (answer.kind === "crash") return { ...answer, assumptions };
  updateLife(state, work.name, { rc: -answer.errno });
  say(state, ...answer.console);
  if (work.action === "replace") {
    say(state, `${work.name} finished REPLACE with rc=${-answer.errno}`);
  }
  return { kind: "failed", refusal: answer, assumptions };
}

/** The CPUs did not meet in time: nothing was done. */
export function missWork(state: ModelState, work: Work): WorkAnswer {
  state.work = undefined;
  const refusal = refusalOf(() =>
    refuse("rendezvous/missed", "EBUSY", "the CPUs did not meet in time"),
  );
  invariant(refusal !== undefined, "a refusal that does not refuse");
  updateLife(state, work.name, { rc: -refusal.errno });
  return { kind: "failed", refusal, assumptions: [] };
}

function perform(state: ModelState, { action, name }: Work, assumptions: Assumption[]): void {
  const life = requireLife(state, name);
  switch (action) {
    case "apply":
      applyPayload(state, life, assumptions);
      break;
    case "revert":
      revertPayload(state, life, assumptions);
      break;
    case "replace":
      replaceBy(state, life, assumptions);
      break;
    default:
      unreachable(action);
  }
}

function applyPayload(state: ModelState, life: PayloadLife, assumptions: Assumption[]): void {
  const { payload, functionStates } = life;
  actionHook(state, life, "apply", assumptions);
  if (!payload.hooks.counts.has("apply")) checkWaitQueues(state, payload.name);
  requireHooks(life, "load");
  const context = { state, assumptions };
  const spliced = applyFunctions(context, payload, functionStates);
  state.applied.push(payload.name);
  updateLife(state, payload.name, { state: "applied", functionStates: spliced });
}

function revertPayload(state: ModelState, life: PayloadLife, assumptions: Assumption[]): void {
  const { payload, functionStates } = life;
  actionHook(state, life, "revert", assumptions);
  const restored = revertFunctions({ state, assumptions }, payload, functionStates);
  requireHooks(life, "unload");
  state.applied.splice(state.applied.lastIndexOf(payload.name), 1);
  const change = { state: "checked", wasReverted: true, functionStates: restored } as const;
  updateLife(state, payload.name, change);
}

function replaceBy(state: ModelState, life: PayloadLife, assumptions: Assumption[]): void {
  for (const name of [...state.applied].reverse()) {
    const older = requireLife(state, name);
    const refusal = refusalOf(() => revertPayload(state, older, assumptions));
    updateLife(state, name, { rc: refusal === undefined ? 0 : -refusal.errno });
    if (refusal !== undefined) {
      refuse("replace/revert", "EINVAL", `"${name}" cannot be reverted: ${refusal.words}`);
    }
  }
  const refusal = refusalOf(() => {
    checkExpectations({ memory: state.memory, assumptions }, life.payload);
    applyPayload(state, life, assumptions);
  });
  if (refusal === undefined) return;
  const { step, errno, words, place, console } = refusal;
  const warning = `${life.payload.name}: ${UNPATCHED}`;
  refuse(step, errno, words, { place, console: [...console, warning] });
}

/**
 * A hook that takes the place of Xen's own work. What it does is not known: the model goes on as if
 * it had done what Xen would. One that returns a constant and nothing else does nothing, and Xen
 * panics when the functions are not in the state that it claims.
 */
function actionHook(
  state: ModelState,
  { payload, functionStates }: PayloadLife,
  kind: HookKind & ("apply" | "revert"),
  assumptions: Assumption[],
): void {
  if (!payload.hooks.counts.has(kind)) return;
  const result = hookResult(state, payload, kind, assumptions);
  const claimsApplied = (kind === "apply") === (result === 0);
  const isTrue = functionStates.every(({ isApplied }) => isApplied === claimsApplied);
  if (doesNothing(state, payload, kind) && !isTrue) {
    const words = `the ${kind} hook of "${payload.name}" returns ${result} and leaves the functions as they are`;
    // What is reverted can be another payload than the one that is acted on.
    const place = kind === "apply" ? { section: hookRules[kind].section } : {};
    crash("inconsistent-hook", "hook/action", words, place);
  }
  if (result !== 0) refuse("hook/action", -result, `its ${kind} hook returned ${result}`);
}

/** Of x86 only: a vCPU on a wait queue has a stack that code to be patched may be on. */
function checkWaitQueues({ xen, options }: ModelState, name: string): void {
  const isChecked = xen.architecture === "x86_64" && xen.features.has("checks-wait-queues");
  if (!isChecked || options.waitQueues !== "active") return;
  refuse("apply/wait-queue", "EBUSY", "a vCPU waits for a listener of vm_event", {
    console: [`${name}: Safety checks failed: -16`],
  });
}

/** Those that Xen calls by walking through their table. */
function requireHooks({ payload }: PayloadLife, kind: HookKind & ("load" | "unload")): void {
  if (payload.hooks.counts.has("apply") && kind === "load") return;
  if (payload.hooks.counts.has("revert") && kind === "unload") return;
  if (!payload.hooks.lost.has(kind)) return;
  const place = { section: `.livepatch.hooks.${kind}` };
  crash("section-not-loaded", "hook/call", `the ${kind} hooks are not SHF_ALLOC`, place);
}

export function requireLife(state: ModelState, name: string): PayloadLife {
  const life = state.lives.get(name);
  invariant(life !== undefined, `no payload ${name} in the model`);
  return life;
}
