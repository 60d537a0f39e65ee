// Callers that go on with registers which a replaced function left alone, and its new body changes: in the
// hypervisor and in the payloads below (reliance/reliance.ts). Xen knows nothing of it.

import { findSection } from "../elf/sections.ts";
import { ALL_CALL_CLOBBERED, namesOfRegisters, type RegisterSet } from "../isa/x86-registers.ts";
import { Effects } from "../reliance/effects.ts";
import { ObjectCode } from "../reliance/object-code.ts";
import { describeReliant, type Reliant } from "../reliance/reliance.ts";
import { RunningCode, type RunningImage, type RunningPayload } from "../reliance/running-code.ts";
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
  const payloads = action === "replace" ? [] : below.applied.flatMap(codeOfPayload);
  const replaced = subject.entries.flatMap((entry) => oldNameOf(entry) ?? []);
  const running = new RunningCode(imageOf(hypervisor), payloads, replaced);
  return subject.entries.flatMap((entry): Finding[] => {
    const name = oldNameOf(entry);
    const reliants = name === undefined ? [] : running.reliantsOn(name);
    if (reliants.length === 0) return [];
    const changed = changedBy(subject, entry);
    return reliants
      .filter(({ registers }) => (registers & changed) !== 0)
      .map((reliant) => ({ problem: problemOf(entry, reliant, changed), where: entry.where }));
  });
}

function problemOf({ label }: SubjectEntry, reliant: Reliant, changed: RegisterSet): string {
  const names = namesOfRegisters(reliant.registers & changed).join(", ");
  return `${describeReliant(reliant)}; the new body of "${label}" changes ${names}`;
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

function imageOf({ facts, memory, lookup }: Hypervisor): RunningImage {
  const stays = ({ address }: { readonly address: bigint }) =>
    memory.findRegion(address)?.kind !== "init";
  return {
    functions: facts.functions().filter(stays),
    addressOf: lookup,
    bytesAt: facts.fileBytes,
  };
}
