// Whether a payload may enter a channel: it is played on the model of its base, alone and with what the
// channel holds. Xen has to take it, and hazards have to be allowed by name, before anybody signs.

import { type CheckedPayload, checkPayloads } from "../../check/check.ts";
import type { Hazard } from "../../check/hazard.ts";
import type { RuleId } from "../../check/rules.ts";
import type { PayloadToCheck } from "../../check/subject.ts";
import type { Hypervisor } from "../../xen-model/hypervisor.ts";
import { DepotError } from "../errors.ts";

export interface Candidate extends PayloadToCheck {
  /** Build-id of what it was made to sit on. */
  readonly depends: string | undefined;
  readonly buildId: string;
  readonly mode: string | undefined;
}

export interface Admission {
  readonly hypervisor: Hypervisor;
  readonly xenBuildId: string;
  /** What the channel holds, from the bottom to the top. */
  readonly held: readonly Candidate[];
  readonly allowed: readonly RuleId[];
}

/** @throws DepotError depot/refused-payload */
export function admit(candidate: Candidate, admission: Admission): void {
  const below = foundationOf(candidate, admission);
  play("alone", [...below, candidate], "apply", admission);
  if (admission.held.length === below.length) return;
  const action = candidate.mode === "cumulative" ? "replace" : "apply";
  play("with what the channel holds", [...admission.held, candidate], action, admission);
}

/** What it was built on, down to the hypervisor: without that it can be on no host. */
function foundationOf(candidate: Candidate, { held, xenBuildId }: Admission): readonly Candidate[] {
  const below: Candidate[] = [];
  let { depends } = candidate;
  while (depends !== undefined && depends !== xenBuildId) {
    const lower = held.find(({ buildId }) => buildId === depends);
    if (lower === undefined || below.includes(lower)) break; // Xen says what is missing.
    below.unshift(lower);
    depends = lower.depends;
  }
  return below;
}

function play(
  how: string,
  payloads: readonly Candidate[],
  action: "apply" | "replace",
  { hypervisor, allowed }: Admission,
): void {
  // Hosts apply one that is independent without asking for what lies below; on what others sit, they were
  // played alone.
  const isFree = payloads.some(({ mode }) => mode === "independent") && payloads.length > 1;
  const dependencyCheck = isFree ? "hypervisor-only" : "whole-chain";
  const report = checkPayloads({ hypervisor, payloads, action, dependencyCheck, allowed });
  if (report.outcome === "clean") return;
  const troubles = report.payloads.flatMap(troublesOf);
  const last = payloads.at(-1)?.source ?? "";
  const rules = new Set(
    report.payloads.flatMap(({ hazards }) => openHazards(hazards)).map(({ rule }) => rule),
  );
  throw new DepotError({
    code: "depot/refused-payload",
    problem: `Cannot add "${last}": played ${how} on the model of its base, ${report.outcome === "refused" ? "Xen refuses it" : "it has hazards that are not allowed"}`,
    where: troubles.join("\n"),
    expected: "a payload that Xen takes, without hazards beyond those allowed by name",
    remedy:
      report.outcome === "refused"
        ? `"xsplice check" shows all of Xen's answer`
        : `mend the payload, or allow what you have looked at: ${[...rules].map((rule) => `--allow ${rule}`).join(" ")}`,
  });
}

function troublesOf({ name, verdict, hazards }: CheckedPayload): readonly string[] {
  const said =
    verdict.kind === "accepted"
      ? []
      : verdict.kind === "refused"
        ? [`${name}: ${verdict.words} (${verdict.where})`]
        : [`${name}: the hypervisor crashes: ${verdict.words} (${verdict.where})`];
  return [
    ...said,
    ...openHazards(hazards).map(
      ({ rule, problem, where }) => `${name}: ${rule}: ${problem} (${where})`,
    ),
  ];
}

function openHazards(hazards: readonly Hazard[]): readonly Hazard[] {
  return hazards.filter(({ severity, isAllowed }) => severity !== "note" && !isAllowed);
}
