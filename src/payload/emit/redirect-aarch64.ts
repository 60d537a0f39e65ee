// References in AArch64 code, for redirect.ts: which of them reach Xen, and with which relocation.

import type { DraftSection } from "../../elf/draft.ts";
import { findAarch64Branches } from "../../isa/aarch64/branches.ts";
import { Aarch64Relocation } from "../../isa/aarch64.ts";
import type { CodeReference, ReferenceFinder } from "./code-reference.ts";

const R = Aarch64Relocation;

/** Relative fields in data: only the code that reads them knows their base. */
const relativeData: ReadonlySet<number> = new Set([
  R.R_AARCH64_PREL64,
  R.R_AARCH64_PREL32,
  R.R_AARCH64_PREL16,
]);

/** Xen loads payloads more than 1 MiB away from its own code (ABI reference §2.6). */
const tooShort: ReadonlySet<number> = new Set([
  R.R_AARCH64_TSTBR14,
  R.R_AARCH64_CONDBR19,
  R.R_AARCH64_ADR_PREL_LO21,
]);

/** Relocations that reach Xen; the other instructions would have to be replaced by another one. */
const relocationTypes = { call: R.R_AARCH64_CALL26, jump: R.R_AARCH64_JUMP26 } as const;

export const findAarch64References: ReferenceFinder = {
  referencesIn: (section) => branchesIn(section),
  biasOf: (type) => (relativeData.has(type) ? undefined : 0),
  reachesXen: (type) => !tooShort.has(type),
};

function branchesIn(section: DraftSection): readonly CodeReference[] {
  if (!(section.content instanceof Uint8Array)) return [];
  return findAarch64Branches(section.content).flatMap(({ offset, kind, target }) => {
    // A literal is data, which stays with the code that reads it.
    if (kind === "literal") return [];
    const relocationType = kind === "call" || kind === "jump" ? relocationTypes[kind] : undefined;
    return [{ instructionOffset: offset, fieldOffset: offset, target, bias: 0, relocationType }];
  });
}
