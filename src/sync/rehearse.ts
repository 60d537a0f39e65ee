// Tries the steps of a plan on a model of exactly this hypervisor before the first step on the host:
// first the loaded and applied payloads, then each step.

import { toHex } from "../bytes/hex.ts";
import type { HostState } from "../plan/host-state.ts";
import type { PlanStep } from "../plan/plan-form.ts";
import { nameOfErrno } from "../xen-abi/errno.ts";
import type { Hypervisor } from "../xen-model/hypervisor.ts";
import { type ActionAnswer, type UploadAnswer, XenModel } from "../xen-model/model.ts";
import type { WorkAnswer } from "../xen-model/rendezvous.ts";
import type { Refusal } from "../xen-model/verdict.ts";
import { SyncError } from "./errors.ts";
import { findFile, type SyncFile } from "./sync-file.ts";

type Answer = UploadAnswer | ActionAnswer | WorkAnswer;

/** @throws SyncError sync/would-fail, sync/cannot-rehearse; ModelError */
export function rehearse(
  hypervisor: Hypervisor,
  state: HostState,
  steps: readonly PlanStep[],
  files: readonly SyncFile[],
): void {
  requireSame(hypervisor, state);
  const model = playHost(hypervisor, state, files);
  for (const [index, step] of steps.entries()) {
    const words = refusalOf(play(model, step, files));
    if (words === undefined) continue;
    const { action, name } = step;
    throw new SyncError({
      code: "sync/would-fail",
      problem: `Cannot take these steps: step ${index + 1} of ${steps.length}, ${action} "${name}", would fail`,
      where: words,
      expected: `steps that ${hypervisor.source} accepts; the host was not changed`,
      remedy: '"xsplice check" says more of each payload',
    });
  }
}

function requireSame({ buildId, source }: Hypervisor, { xenBuildId }: HostState): void {
  const ours = buildId && toHex(buildId);
  if (ours === undefined || xenBuildId === undefined || ours === xenBuildId) return;
  throw new SyncError({
    code: "sync/cannot-rehearse",
    problem: "Cannot play the steps on the model: this xen-syms is of another hypervisor",
    where: source,
    expected: `${xenBuildId}, the build-id of the host's hypervisor\n${ours} is in the file`,
  });
}

/** A model in the present state of the host. */
function playHost(hypervisor: Hypervisor, state: HostState, files: readonly SyncFile[]): XenModel {
  const model = XenModel.boot(hypervisor);
  const { stack } = state;
  if (stack.kind === "unknown") throw cannot("it is not known what is applied on what");
  for (const { name, facts } of state.loaded) {
    const file = findFile(files, facts.buildId);
    if (file === undefined) throw cannot(`the file of "${name}", which is loaded, was not given`);
    requireAccepted(model.upload(name, file.bytes), `upload of "${name}"`);
  }
  for (const name of stack.names) {
    const action = "apply";
    // It may have been applied without the check of what is below; the model skips the check as well.
    const strict = model.fork().act({ action, name, dependencyCheck: "whole-chain" });
    const isTaken = refusalOf(strict) === undefined;
    const dependencyCheck = isTaken ? "whole-chain" : "hypervisor-only";
    requireAccepted(model.act({ action, name, dependencyCheck }), `apply of "${name}"`);
  }
  return model;
}

function play(model: XenModel, step: PlanStep, files: readonly SyncFile[]): Answer {
  const { action, name, buildId, dependencyCheck = "whole-chain" } = step;
  if (action !== "upload") return model.act({ action, name, dependencyCheck });
  const file = findFile(files, buildId);
  if (file === undefined) throw cannot(`the file of "${name}" was not given`);
  return model.upload(name, file.bytes);
}

function refusalOf(answer: Answer): string | undefined {
  switch (answer.kind) {
    case "crash":
      return `the hypervisor would crash (${answer.trap}): ${answer.words}`;
    case "refused":
      return wordsOf(answer);
    case "failed":
      return wordsOf(answer.refusal);
    default:
      return undefined;
  }
}

function wordsOf({ errno, words }: Refusal): string {
  return `${words}, ${nameOfErrno(errno)}`;
}

function requireAccepted(answer: Answer, what: string): void {
  const words = refusalOf(answer);
  if (words === undefined) return;
  throw cannot(`the model refuses the ${what}, which the host accepted: ${words}`);
}

function cannot(why: string): SyncError {
  return new SyncError({
    code: "sync/cannot-rehearse",
    problem: `Cannot play the steps on the model: ${why}`,
    expected: "the xen-syms file of the host's hypervisor, and the files of all that is loaded",
    remedy: "give the files of what is loaded, or leave out the xen-syms file",
  });
}
