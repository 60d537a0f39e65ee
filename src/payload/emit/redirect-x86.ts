// References in x86-64 code, for redirect.ts. Displacements count from the end of the instruction,
// which only decoding finds; branches end with their displacement.

import type { DraftSection } from "../../elf/draft.ts";
import { X86Relocation } from "../../isa/x86.ts";
import { decodeBranches } from "../../isa/x86-decode.ts";
import type { CodeReference, ReferenceFinder } from "./code-reference.ts";

const { R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32 } = X86Relocation;
/** Size of a displacement that reaches Xen: payloads are within 2 GiB (ABI reference §2.6). */
const FAR_DISPLACEMENT = 4;

export const findX86References: ReferenceFinder = {
  referencesIn: (section, starts) => referencesIn(section, starts),
  biasOf: (type, inCode) => {
    if (type === R_X86_64_64) return 0;
    if (!inCode) return undefined;
    if (type === R_X86_64_PLT32) return FAR_DISPLACEMENT;
    return type === R_X86_64_PC32 ? "code" : undefined;
  },
  reachesXen: () => true,
};

function referencesIn(section: DraftSection, starts: readonly number[]): readonly CodeReference[] {
  const { content } = section;
  if (!(content instanceof Uint8Array)) return [];
  const cuts = [...new Set([0, ...starts, content.length])].sort((left, right) => left - right);
  return cuts.slice(1).flatMap((end, index) => {
    const start = cuts[index] ?? 0;
    return decodeBranches(content.subarray(start, end), start).map(
      (found): CodeReference => ({
        instructionOffset: found.offset,
        fieldOffset: found.displacementOffset,
        target: found.target,
        bias: found.offset + found.length - found.displacementOffset,
        relocationType:
          found.displacementSize === FAR_DISPLACEMENT ? farType(found.kind) : undefined,
      }),
    );
  });
}

function farType(kind: "call" | "jump" | "conditional-jump" | "operand"): number {
  return kind === "operand" ? R_X86_64_PC32 : R_X86_64_PLT32;
}
