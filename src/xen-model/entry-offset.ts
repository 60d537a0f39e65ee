// How far after a function's entry Xen jumps: after an ENDBR64 (ABI reference §5.1), as memory
// has it at that moment.

import {
  ENDBR64,
  ENDBR64_POISON,
  ENDBR64_SIZE,
  startsWithEndbr64,
  startsWithPoisonedEndbr,
} from "../isa/endbr64.ts";
import { compareReleases } from "../xen-abi/release.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { Memory, MemoryRead } from "./memory.ts";
import { readMemory } from "./read-memory.ts";
import type { StepId } from "./steps.ts";
import type { Assumption, Place } from "./verdict.ts";

/** From 4.17 on Xen writes over an ENDBR64 that nobody may reach, and knows what it wrote. */
const POISON_SINCE = { major: 4, minor: 17, point: 0 } as const;

export interface EntryContext {
  readonly xen: Hypervisor;
  readonly memory: Memory;
  readonly assumptions: Assumption[];
}

/** 0 or 4. Stops where the entry cannot be read. */
export function jumpOffset(
  context: EntryContext,
  oldAddress: bigint,
  step: StepId,
  place: Place,
): number {
  const { xen, memory } = context;
  if (xen.architecture !== "x86_64" || !xen.features.has("endbr-aware")) return 0;
  if (isNoMark(memory.read(oldAddress, ENDBR64_SIZE))) return 0;
  const code = readMemory(context, oldAddress, ENDBR64_SIZE, step, place);
  if (code === undefined) return 0;
  if (startsWithEndbr64(code)) return ENDBR64_SIZE;
  const knowsPoison = compareReleases(xen.release, POISON_SINCE) >= 0;
  return knowsPoison && startsWithPoisonedEndbr(code) ? ENDBR64_SIZE : 0;
}

/** Bytes that are known can tell so although those beside them are not. */
function isNoMark(found: MemoryRead): boolean {
  if (found.kind !== "bytes") return false;
  const { bytes, unknown } = found;
  return [ENDBR64, ENDBR64_POISON].every((mark) =>
    mark.some((byte, index) => !unknown?.[index] && bytes[index] !== byte),
  );
}
