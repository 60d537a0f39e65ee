// Callers that go on with registers which a replaced function left alone, and its new body changes: in the
// hypervisor and in the payloads below (reliance/reliance.ts), and in the payload itself where one below
// has replaced the function. Xen knows nothing of it.

import { findSection } from "../elf/sections.ts";
import { ALL_CALL_CLOBBERED, namesOfRegisters, type RegisterSet } from "../isa/x86-registers.ts";
import { Effects } from "../reliance/effects.ts";
import type { CodeImage } from "../reliance/image-code.ts";
import { ObjectCode } from "../reliance/object-code.ts";
import { describeReliant, type Reliant } from "../reliance/reliance.ts";
import { RunningCode, type RunningPayload } from "../reliance/running-code.ts";
import type { Hypervisor } from "../xen-model/hypervisor.ts";
import type { Finding } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import type { Subject, SubjectEntry } from "./subject.ts";

export function relyingCallers({
  subject,
  below,
  action,
  hypervisor,
}: CheckedStep): readonly Finding[] {
  if (hypervisor.architecture !== "x86_64" || subject.object === undefined) return [];
  const applied = action === "replace" ? [] : below.applied;
  const image = imageOf(hypervisor);
  return [
    ...relyingOnOld(subject, image, applied.flatMap(codeOfPayload)),
    ...applied.flatMap((other) => relyingOnBelow(subject, image, other)),
  ];
}

/** Code that runs already, on functions that the payload replaces. */
function relyingOnOld(
  subject: Subject,
  image: CodeImage,
  payloads: readonly RunningPayload[],
): readonly Finding[] {
  const running = new RunningCode(image, payloads, replacedBy(subject));
  return subject.entries.flatMap((entry): Finding[] => {
    const name = oldNameOf(entry);
    const reliants = name === undefined ? [] : running.reliantsOn(name);
    const findings = problemsOf(subject, entry, reliants);
    return findings.map((problem) => ({ problem, where: entry.where }));
  });
}

/** Code of the payload, on functions that one below has replaced. */
function relyingOnBelow(subject: Subject, image: CodeImage, below: Subject): readonly Finding[] {
  const own = new Set(replacedBy(subject));
  const running = new RunningCode(image, codeOfPayload(subject), []);
  return below.entries.flatMap((entry): Finding[] => {
    const name = oldNameOf(entry);
    if (name === undefined || own.has(name)) return [];
    const reliants = running.reliantsOn(name).filter(({ caller }) => running.isPayloads(caller));
    const problems = problemsOf(below, entry, reliants);
    return problems.map((problem) => ({
      problem: `${problem} (payload "${below.name}")`,
      where: subject.source,
    }));
  });
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
  if (code === undefined) return ALL_CALL_CLOBBERED;
  return ALL_CALL_CLOBBERED & ~new Effects("what-may-happen").of({ code, offset: 0 }).preserves;
}

/** Of the hypervisor's function that gets a new body. */
function oldNameOf({ entry, written, oldFunction }: SubjectEntry): string | undefined {
  return entry.kind === "replace" && written !== undefined ? oldFunction?.name : undefined;
}

function codeOfPayload({ object, entries }: Subject): readonly RunningPayload[] {
  if (object === undefined) return [];
  const newBodies = entries.flatMap((one): RunningPayload["newBodies"] => {
    const { entry } = one;
    const oldName = oldNameOf(one);
    if (entry.kind !== "replace" || entry.newAddress.kind !== "own") return [];
    const section = findSection(object, entry.newAddress.section);
    if (section === undefined || oldName === undefined) return [];
    return [{ oldName, section: section.index, offset: entry.newAddress.offset }];
  });
  return [{ object, newBodies }];
}

function imageOf({ facts, memory, lookup, release }: Hypervisor): CodeImage {
  const stays = ({ address }: { readonly address: bigint }) =>
    memory.findRegion(address)?.kind !== "init";
  return {
    release,
    functions: facts.functions().filter(stays),
    addressOf: lookup,
    bytesAt: facts.fileBytes,
  };
}
