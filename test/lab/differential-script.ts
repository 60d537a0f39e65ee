// A script of steps to be played on a hypervisor, what comes of it, and how the model plays a step.

import type { ActionName } from "../../src/xen-call/livepatch-calls.ts";
import type { XenModel } from "../../src/xen-model/model.ts";

export type Step =
  | {
      readonly do: "upload";
      readonly name: string;
      readonly bytes: Uint8Array;
      /** Its hooks are ours, and may run. */
      readonly trusted?: true;
    }
  | { readonly do: ActionName; readonly name: string; readonly nodeps?: true };

export type Outcome =
  | { readonly kind: "agree"; readonly answers: readonly string[] }
  | {
      readonly kind: "disagree";
      readonly step: string;
      readonly model: string;
      readonly real: string;
    }
  /** Not played: the model says that it kills the host. */
  | { readonly kind: "deadly"; readonly trap: string }
  /** Not played: the model cannot tell, or what it would run is not ours. */
  | { readonly kind: "not-judged"; readonly why: string };

export function differs(step: string, model: string, real: string): Outcome | undefined {
  return model === real ? undefined : { kind: "disagree", step, model, real };
}

export function modelStep(
  model: XenModel,
  step: Step,
): ReturnType<XenModel["upload"]> | ReturnType<XenModel["act"]> {
  if (step.do === "upload") return model.upload(step.name, step.bytes);
  const dependencyCheck = step.nodeps ? "hypervisor-only" : "whole-chain";
  return model.act({ action: step.do, name: step.name, dependencyCheck });
}

/** As actForReal() tells it: the refusal, or the result if it is a new one; 0 for good. */
export function modelErrno(model: XenModel, step: Step): number {
  const before = model.status(step.name);
  const answer = modelStep(model, step);
  if (answer.kind === "crash") throw new Error(`the model crashed: ${answer.words}`);
  if (answer.kind === "refused") return answer.errno;
  const after = model.status(step.name);
  return step.do === "upload" ? 0 : newResult(before, after);
}

/** The error of an action that was taken: its status' `rc`, when that or the state changed. */
export function newResult(before: Status | undefined, after: Status | undefined): number {
  const isNew = after !== undefined && (after.rc !== before?.rc || after.state !== before.state);
  return isNew ? -after.rc : 0;
}

interface Status {
  readonly state: string | number;
  readonly rc: number;
}
