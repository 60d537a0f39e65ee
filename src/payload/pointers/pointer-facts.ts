// Whose address a payload takes, and what becomes of it. Only x86-64 is looked at.

import { Machine } from "../../elf/constants.ts";
import type { ElfDraft } from "../../elf/draft.ts";
import { PayloadCode } from "./code.ts";
import { findKeptPointers, type KeptPointer } from "./kept-pointers.ts";
import { takeAddresses } from "./take-addresses.ts";
import { findUnmarkedPointers, type UnmarkedPointer } from "./unmarked-pointers.ts";

export interface PointerFacts {
  /** Those that the hypervisor keeps when the payload is reverted. */
  readonly kept: readonly KeptPointer[];
  /** Those through which no hypervisor that tracks branches may call. */
  readonly unmarked: readonly UnmarkedPointer[];
}

/** @param draft a payload, with its hooks */
export function pointerFactsOf(draft: ElfDraft): PointerFacts {
  if (draft.machine !== Machine.EM_X86_64) return { kept: [], unmarked: [] };
  const payload = new PayloadCode(draft);
  const taken = takeAddresses(payload);
  return {
    kept: findKeptPointers(taken, payload),
    unmarked: findUnmarkedPointers(taken, payload),
  };
}
