// Whose address is taken: every place in a payload's code and data that takes the address of something
// that the payload brings, or loads one that stands in its data.

import type { DraftSection } from "../../elf/draft.ts";
import { addressIn, type CodeSection, type PayloadCode, type Place } from "./code.ts";

type OwnPlace = Place & { readonly kind: "own" };

export interface TakenAddress {
  readonly target: OwnPlace;
  /** Where it is taken: an instruction, or a pointer in data. */
  readonly section: DraftSection;
  readonly offset: number;
  readonly by: "instruction" | "data";
}

export function takeAddresses(payload: PayloadCode): readonly TakenAddress[] {
  return payload.sections.flatMap((section) => {
    const code = payload.codeOf(section);
    return code === undefined ? inData(section) : inCode(code, payload);
  });
}

function inData(section: DraftSection): readonly TakenAddress[] {
  return section.relocations.flatMap((relocation): TakenAddress[] => {
    const target = addressIn(relocation);
    if (target?.kind !== "own") return [];
    return [{ target, section, offset: relocation.offset, by: "data" }];
  });
}

function inCode(code: CodeSection, payload: PayloadCode): readonly TakenAddress[] {
  const { section, flow } = code;
  const found: TakenAddress[] = [];
  for (const [offset, { reference, length, writes, store, takesAddress }] of flow.steps) {
    if (reference?.kind !== "operand" || writes === 0 || store !== undefined) continue;
    const { field, target } = reference;
    const operand = payload.placeOf(code, field, offset + length, target);
    if (operand.kind === "outside") continue;
    const taken = takesAddress ? operand : payload.pointerAt(operand);
    if (taken?.kind === "own") found.push({ target: taken, section, offset, by: "instruction" });
  }
  return found;
}
