// Registers that live on over a call, although calls may change them: the compiler saw that this callee
// leaves them alone (reliance/reliance.ts). Only of callees in the payload itself; no code relies on others.

import type { DraftRelocation, DraftSection } from "../../elf/draft.ts";
import type { CallSurvivors } from "../../isa/x86-address-flow.ts";
import { NEAR_DISTANCE_SIZE } from "../../isa/x86-near-branch.ts";
import { registerBits } from "../../isa/x86-registers.ts";
import { Effects } from "../../reliance/effects.ts";
import {
  type Destination,
  destinationOfThunk,
  FunctionCode,
} from "../../reliance/function-code.ts";

export interface SurvivorsInput {
  /** Where functions of a section begin. */
  readonly startsIn: (section: DraftSection) => readonly number[];
  /** Of a section, by offset. */
  readonly relocationsOf: (section: DraftSection) => ReadonlyMap<number, DraftRelocation>;
}

export class Survivors {
  readonly #effects = new Effects("what-compilers-knew");
  readonly #codes = new Map<DraftSection, Map<number, FunctionCode>>();
  readonly #input: SurvivorsInput;

  constructor(input: SurvivorsInput) {
    this.#input = input;
  }

  in(section: DraftSection): CallSurvivors {
    const relocations = this.#input.relocationsOf(section);
    return (field, target) => {
      const relocation = relocations.get(field);
      const callee =
        relocation === undefined ? this.#own(section, target) : this.#leadTo(relocation);
      return registerBits(this.#effects.at(callee).preserves);
    };
  }

  #codeAt(section: DraftSection, start: number): FunctionCode {
    const known = this.#codes.get(section) ?? new Map<number, FunctionCode>();
    this.#codes.set(section, known);
    const found = known.get(start);
    if (found !== undefined) return found;
    const { content } = section;
    const relocations = this.#input.relocationsOf(section);
    const next = Math.min(...this.#input.startsIn(section).filter((other) => other > start));
    const code = new FunctionCode({
      name: section.name,
      bytes: content instanceof Uint8Array ? content.subarray(start, next) : new Uint8Array(),
      leadTo: ({ fieldOffset, target, isCall }) => {
        const relocation = relocations.get(start + fieldOffset);
        if (relocation !== undefined) return this.#leadTo(relocation);
        if (!isCall && target >= 0) return { kind: "inside", offset: target };
        return this.#own(section, start + target);
      },
    });
    known.set(start, code);
    return code;
  }

  #leadTo(relocation: DraftRelocation): Destination {
    const { symbol, addend } = relocation;
    if (typeof symbol.place === "string") {
      return destinationOfThunk(symbol.name) ?? { kind: "elsewhere" };
    }
    return this.#own(symbol.place, Number(symbol.value + addend) + NEAR_DISTANCE_SIZE);
  }

  #own(section: DraftSection, offset: number): Destination {
    return {
      kind: "function",
      place: { code: this.#codeAt(section, offset), offset: 0 },
      isSeen: true,
    };
  }
}
