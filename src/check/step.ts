// One step of a check: one payload, uploaded and applied to the model in the state that the payloads
// before it left. Rules use nothing else.

import type { Hypervisor } from "../xen-model/hypervisor.ts";
import type { ActionAnswer, UploadAnswer, XenModel } from "../xen-model/model.ts";
import type { LoadedPayload } from "../xen-model/payload.ts";
import type { WorkAnswer } from "../xen-model/rendezvous.ts";
import type { Crash, Place, Refusal } from "../xen-model/verdict.ts";
import type { DirectUse } from "./direct-uses.ts";
import type { StackBelow } from "./stack-below.ts";
import type { Subject } from "./subject.ts";

export type StepAction = "apply" | "replace";

/** The payload's result on the model. */
export interface PlayedStep {
  readonly action: StepAction;
  /** The state before the payload. */
  readonly before: XenModel;
  /** The state after it; crashed after a crash. */
  readonly after: XenModel;
  readonly upload: UploadAnswer;
  /** `undefined` when this stage was not reached. */
  readonly act: ActionAnswer | WorkAnswer | undefined;
  /** The result of a revert right afterwards; `undefined` when it was not applied. */
  readonly wayBack: ActionAnswer | WorkAnswer | undefined;
  /** The file as Xen loaded it; `undefined` when Xen refused it. */
  readonly loaded: LoadedPayload | undefined;
}

export interface CheckedStep extends PlayedStep {
  readonly hypervisor: Hypervisor;
  readonly subject: Subject;
  readonly below: StackBelow;
  /** References of the payload to its own copies of functions that it replaces. */
  readonly directUses: readonly DirectUse[];
}

/** Why Xen refused it, at upload or later. */
export function refusalOf({ upload, act }: PlayedStep): Refusal | undefined {
  if (upload.kind === "refused") return upload;
  if (act?.kind === "refused") return act;
  return act?.kind === "failed" ? act.refusal : undefined;
}

export function crashOf({ upload, act }: PlayedStep): Crash | undefined {
  if (upload.kind === "crash") return upload;
  return act?.kind === "crash" ? act : undefined;
}

/** A location that the model reported, in the user's file. */
export function placeInFile(source: string, { section, symbol, offset }: Place): string {
  const parts = [source];
  if (section !== undefined) parts.push(`section "${section}"`);
  if (symbol !== undefined && symbol !== "") parts.push(`symbol "${symbol}"`);
  if (offset !== undefined) parts.push(`offset 0x${offset.toString(16)}`);
  return parts.join(", ");
}
