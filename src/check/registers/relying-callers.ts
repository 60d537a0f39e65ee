// Finds callers that rely on registers which a replaced function left alone and its new body changes:
// in the hypervisor, in the payloads below (reliance/reliance.ts), and in the payload itself where one
// below has replaced the function. Xen does not check this.

import { findSection } from "../../elf/sections.ts";
import { followsRegisters } from "../../isa/registers-followed.ts";
import { ALL_CALL_CLOBBERED, namesOfRegisters, type RegisterSet } from "../../isa/x86-registers.ts";
import { certainlyPreserved } from "../../reliance/effects.ts";
import type { ImageCode } from "../../reliance/image-code.ts";
import { ObjectCode } from "../../reliance/object-code.ts";
import { describeReliant, type Reliant } from "../../reliance/reliance.ts";
import { RunningCode } from "../../reliance/running-code.ts";
import type { Finding } from "../rule.ts";
import type { CheckedStep } from "../step.ts";
import type { Subject, SubjectEntry } from "../subject.ts";
import { codeOfPayload, oldNameOf } from "./checked-code.ts";

export function relyingCallers(step: CheckedStep): readonly Finding[] {
  const { subject, below, action, hypervisor } = step;
  if (!followsRegisters(hypervisor.architecture) || subject.object === undefined) return [];
  const { image } = below.code;
  const running = action === "replace" ? new RunningCode(image) : below.code.running;
  const applied = action === "replace" ? [] : below.applied;
  return [...relyingOnOld(subject, running), ...relyingOnBelow(subject, image, applied)];
}

/** Running code that calls functions which the payload replaces. */
function relyingOnOld(subject: Subject, running: RunningCode): readonly Finding[] {
  const replaced = replacedBy(subject);
  return subject.entries.flatMap((entry): Finding[] => {
    const name = oldNameOf(entry);
    const reliants = name === undefined ? [] : running.reliantsOn(name, replaced);
    const problems = problemsOf(subject, entry, reliants);
    return problems.map((problem) => ({ problem, where: entry.where }));
  });
}

/** Code of the payload that calls functions which payloads below have replaced. */
function relyingOnBelow(
  subject: Subject,
  image: ImageCode,
  applied: readonly Subject[],
): readonly Finding[] {
  const referred = new Set(
    (subject.object?.symbols ?? []).flatMap(({ name, place }) =>
      place.kind === "undefined" ? (image.findNamed(name) ?? []) : [],
    ),
  );
  if (referred.size === 0) return [];
  const own = new Set(replacedBy(subject));
  const alone = new RunningCode(image);
  for (const payload of codeOfPayload(subject)) alone.add(payload);
  return applied.flatMap((below) =>
    below.entries.flatMap((entry): Finding[] => {
      const name = oldNameOf(entry);
      const old = name === undefined ? undefined : image.findNamed(name);
      if (name === undefined || old === undefined || own.has(name)) return [];
      if (!image.reachedFrom(old).some((code) => referred.has(code))) return [];
      const reliants = alone.reliantsOn(name, []).filter(({ caller }) => alone.isPayloads(caller));
      return problemsOf(below, entry, reliants).map((problem) => ({
        problem: `${problem} (payload "${below.name}")`,
        where: subject.source,
      }));
    }),
  );
}

function problemsOf(
  bringer: Subject,
  entry: SubjectEntry,
  reliants: readonly Reliant[],
): readonly string[] {
  if (reliants.length === 0) return [];
  const changed = changedBy(bringer, entry);
  return reliants
    .filter(({ registers }) => (registers & changed) !== 0)
    .map((reliant) => {
      const names = namesOfRegisters(reliant.registers & changed).join(", ");
      return `${describeReliant(reliant)}; the new body of "${entry.label}" changes ${names}`;
    });
}

function replacedBy({ entries }: Subject): readonly string[] {
  return entries.flatMap((entry) => oldNameOf(entry) ?? []);
}

/** What a new body changes, as far as its own code tells; everything where that cannot be read. */
function changedBy({ object }: Subject, { entry }: SubjectEntry): RegisterSet {
  if (object === undefined || entry.kind !== "replace" || entry.newAddress.kind !== "own") {
    return ALL_CALL_CLOBBERED;
  }
  const section = findSection(object, entry.newAddress.section);
  const view = { leadOut: () => ({ kind: "elsewhere" }) as const, isOwn: () => true };
  const code =
    section && new ObjectCode(object, view).findAt(section.index, entry.newAddress.offset);
  return code === undefined ? ALL_CALL_CLOBBERED : ALL_CALL_CLOBBERED & ~certainlyPreserved([code]);
}
