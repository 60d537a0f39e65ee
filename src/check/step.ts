// One step of a check: one payload, uploaded and applied to the model as those before it have left
// it. Rules look at this and at nothing else.

import type { Hypervisor } from "../xen-model/hypervisor.ts";
import type { ActionAnswer, UploadAnswer, XenModel } from "../xen-model/model.ts";
import type { LoadedPayload } from "../xen-model/payload.ts";
import type { WorkAnswer } from "../xen-model/rendezvous.ts";
import type { Crash, Place, Refusal } from "../xen-model/verdict.ts";
import type { DirectUse } from "./direct-uses.ts";
import type { StackBelow } from "./stack-below.ts";
import type { Subject } from "./subject.ts";

export type StepAction = "apply" | "replace";

/** What became of a payload on the model. */
export interface PlayedStep {
  readonly action: StepAction;
  /** As the payload found it. */
  readonly before: XenModel;
  /** As it left it; dead after a crash. */
  readonly after: XenModel;
  readonly upload: UploadAnswer;
  /** `undefined` when it never came to it. */
  readonly act: ActionAnswer | WorkAnswer | undefined;
  /** What a revert right afterwards would come to; `undefined` when it was not applied. */
  readonly wayBack: ActionAnswer | WorkAnswer | undefined;
  /** What Xen made of the file; `undefined` when it refused it. */
  readonly loaded: LoadedPayload | undefined;
}

export interface CheckedStep extends PlayedStep {
  readonly hypervisor: Hypervisor;
  readonly subject: Subject;
  readonly below: StackBelow;
  /** Where the payload goes to its own copies of functions that it replaces. */
  readonly directUses: readonly DirectUse[];
}

/** Why Xen said no, at upload or later. */
export function refusalOf({ upload, act }: PlayedStep): Refusal | undefined {
  if (upload.kind === "refused") return upload;
  if (act?.kind === "refused") return act;
  return act?.kind === "failed" ? act.refusal : undefined;
}

export function crashOf({ upload, act }: PlayedStep): Crash | undefined {
  if (upload.kind === "crash") return upload;
  return act?.kind === "crash" ? act : undefined;
}

/** A place that the model told, in the user's file. */
export function placeInFile(source: string, { section, symbol, offset }: Place): string {
  const parts = [source];
  if (section !== undefined) parts.push(`section "${section}"`);
  if (symbol !== undefined && symbol !== "") parts.push(`symbol "${symbol}"`);
  if (offset !== undefined) parts.push(`offset 0x${offset.toString(16)}`);
  return parts.join(", ");
}
