// References in AArch64 code, for redirect.ts. Instructions are words of 4 bytes, and the few that
// the assembler fills in without a relocation are told by their fixed bits (Arm ARM, C4.1); ADRP is
// not among them, since a page is known only at run time.

import type { DraftSection } from "../../elf/draft.ts";
import { Aarch64Relocation } from "../../isa/aarch64.ts";
import type { CodeReference, ReferenceFinder } from "./code-reference.ts";

const R = Aarch64Relocation;

/** Relative fields in data: only their reader knows from where they count. */
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

interface BranchForm {
  readonly mask: number;
  readonly bits: number;
  /** Of the offset in words: its lowest bit and its width. */
  readonly shift: number;
  readonly width: number;
  readonly relocationType: number | undefined;
}

const branchForms: readonly BranchForm[] = [
  // bl, b
  { mask: 0xfc000000, bits: 0x94000000, shift: 0, width: 26, relocationType: R.R_AARCH64_CALL26 },
  { mask: 0xfc000000, bits: 0x14000000, shift: 0, width: 26, relocationType: R.R_AARCH64_JUMP26 },
  // b.cond; cbz, cbnz; tbz, tbnz
  { mask: 0xff000010, bits: 0x54000000, shift: 5, width: 19, relocationType: undefined },
  { mask: 0x7e000000, bits: 0x34000000, shift: 5, width: 19, relocationType: undefined },
  { mask: 0x7e000000, bits: 0x36000000, shift: 5, width: 14, relocationType: undefined },
];

export const findAarch64References: ReferenceFinder = {
  referencesIn: (section) => branchesIn(section),
  biasOf: (type) => (relativeData.has(type) ? undefined : 0),
  reachesXen: (type) => !tooShort.has(type),
};

function branchesIn(section: DraftSection): readonly CodeReference[] {
  if (!(section.content instanceof Uint8Array)) return [];
  const { buffer, byteOffset, byteLength } = section.content;
  const view = new DataView(buffer, byteOffset, byteLength);
  const found: CodeReference[] = [];
  for (let offset = 0; offset + 4 <= byteLength; offset += 4) {
    const word = view.getUint32(offset, true);
    const form = branchForms.find(({ mask, bits }) => (word & mask) >>> 0 === bits);
    const target = form === undefined ? adrTarget(word, offset) : offset + branchOf(word, form);
    if (target === undefined) continue;
    found.push({
      instructionOffset: offset,
      fieldOffset: offset,
      target,
      bias: 0,
      relocationType: form?.relocationType,
    });
  }
  return found;
}

function branchOf(word: number, { shift, width }: BranchForm): number {
  return ((word << (32 - width - shift)) >> (32 - width)) * 4;
}

/** adr, which reaches 1 MiB: immhi in bits 5 to 23, immlo in bits 29 and 30. */
function adrTarget(word: number, offset: number): number | undefined {
  if ((word & 0x9f000000) >>> 0 !== 0x10000000) return undefined;
  const high = (word << 8) >> 13;
  return offset + ((high << 2) | ((word >>> 29) & 3));
}
