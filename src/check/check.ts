// The list of passes of `xsplice check`: each payload is uploaded to the model and applied on top of
// the payloads before it; then the rules examine the result and the file. Input: bytes; output: a
// report.

import { toHex } from "../bytes/hex.ts";
import { uncheckedRegisters } from "../isa/registers-followed.ts";
import { compareReleases, formatRelease } from "../xen-abi/release.ts";
import type { CpuProfile } from "../xen-model/cpu-profile.ts";
import type { Hypervisor } from "../xen-model/hypervisor.ts";
import { XenModel } from "../xen-model/model.ts";
import type { Assumption } from "../xen-model/verdict.ts";
import { findDirectUses } from "./direct-uses.ts";
import { effectsOf, type FunctionEffect } from "./effect.ts";
import { findHazards, type Hazard } from "./hazard.ts";
import type { RuleId } from "./rules.ts";
import { StackBelow } from "./stack-below.ts";
import type { CheckedStep, PlayedStep, StepAction } from "./step.ts";
import { type PayloadToCheck, readSubject } from "./subject.ts";
import { assumptionsOf, type Verdict, verdictOf } from "./verdict.ts";

export interface CheckRequest {
  readonly hypervisor: Hypervisor;
  /** In the order in which they are applied. */
  readonly payloads: readonly PayloadToCheck[];
  /** `replace`: the last payload replaces all payloads before it, which are applied first. */
  readonly action: StepAction;
  /** `hypervisor-only` is NODEPS. */
  readonly dependencyCheck: "whole-chain" | "hypervisor-only";
  /** Rules whose hazards are accepted. */
  readonly allowed: readonly RuleId[];
  readonly cpu?: CpuProfile;
}

export interface CheckedPayload {
  readonly name: string;
  readonly source: string;
  readonly action: StepAction;
  readonly verdict: Verdict;
  /** Assumptions of the verdict that cannot be read from the files. */
  readonly assumptions: readonly Assumption[];
  readonly hazards: readonly Hazard[];
  readonly effects: readonly FunctionEffect[];
}

/**
 * `refused`: Xen refuses one of the payloads. `hazards`: Xen accepts all, or crashes on one, and at
 * least one hazard is not allowed. `clean`: only notes and allowed hazards.
 */
export type CheckOutcome = "clean" | "refused" | "hazards";

export interface CheckReport {
  readonly outcome: CheckOutcome;
  readonly hypervisor: {
    readonly source: string;
    readonly release: string;
    /** Facts from the file itself; missing when the file is what is judged. */
    readonly toldRelease?: string;
    /** Hex; missing when it has none. */
    readonly buildId?: string;
    readonly architecture: string;
  };
  readonly payloads: readonly CheckedPayload[];
  readonly allowed: readonly RuleId[];
  /** What no rule looks at for this hypervisor, in words for people. */
  readonly unchecked: readonly string[];
}

/**
 * A payload that is refused, or would crash the hypervisor, is left out when the next ones are checked.
 * @throws ModelError xen-model/too-large for a payload that needs more memory than the model supports
 */
export function checkPayloads(request: CheckRequest): CheckReport {
  const { hypervisor, cpu } = request;
  const below = new StackBelow(hypervisor);
  let model = XenModel.boot(hypervisor, cpu === undefined ? {} : { cpu });
  const payloads = request.payloads.map((payload, index) => {
    const isLast = index === request.payloads.length - 1;
    const played = play(model, payload, { ...request, action: isLast ? request.action : "apply" });
    const subject = readSubject(payload, played.loaded, hypervisor);
    const directUses = findDirectUses(subject);
    const step: CheckedStep = { ...played, hypervisor, subject, below, directUses };
    const checked = judge(step, request.allowed);
    if (checked.verdict.kind === "accepted") {
      model = played.after;
      below.push(subject, directUses);
    }
    return checked;
  });
  const { source, release, toldRelease, buildId, architecture } = hypervisor;
  const registers = uncheckedRegisters(architecture);
  const isOverridden = toldRelease !== undefined && compareReleases(toldRelease, release) !== 0;
  return {
    outcome: outcomeOf(payloads),
    hypervisor: {
      source,
      release: formatRelease(release),
      architecture,
      ...(isOverridden ? { toldRelease: formatRelease(toldRelease) } : {}),
      ...(buildId === undefined ? {} : { buildId: toHex(buildId) }),
    },
    payloads,
    allowed: request.allowed,
    unchecked: registers === undefined ? [] : [registers],
  };
}

function play(
  model: XenModel,
  { name, bytes }: PayloadToCheck,
  { action, dependencyCheck }: Pick<CheckRequest, "action" | "dependencyCheck">,
): PlayedStep {
  const after = model.fork();
  const upload = after.upload(name, bytes);
  const loaded = upload.kind === "accepted" ? upload.payload : undefined;
  const act = loaded && after.act({ action, name, dependencyCheck });
  return { action, before: model, after, upload, act, loaded, wayBack: revert(after, name) };
}

/** On a model of its own. */
function revert(model: XenModel, name: string): PlayedStep["wayBack"] {
  if (model.applied.at(-1) !== name) return undefined;
  return model.fork().act({ action: "revert", name, dependencyCheck: "whole-chain" });
}

function judge(step: CheckedStep, allowed: readonly RuleId[]): CheckedPayload {
  const { subject, action, below } = step;
  return {
    name: subject.name,
    source: subject.source,
    action,
    verdict: verdictOf(step, subject.source),
    assumptions: assumptionsOf(step),
    hazards: findHazards(step, allowed),
    effects: effectsOf(step, subject, below.applied),
  };
}

function outcomeOf(payloads: readonly CheckedPayload[]): CheckOutcome {
  if (payloads.some(({ verdict }) => verdict.kind === "refused")) return "refused";
  if (payloads.some(({ verdict }) => verdict.kind === "crash")) return "hazards";
  const counts = ({ severity, isAllowed }: Hazard) => severity !== "note" && !isAllowed;
  return payloads.some(({ hazards }) => hazards.some(counts)) ? "hazards" : "clean";
}
