// Which registers that calls may change a function leaves as they were, whatever path it takes. What it
// pushes at its entry and every exit pops again counts as left alone (save-slots.ts).
//
// Calls of functions that the compiler did not see change them all, as the ABI lets them. Where code is
// written by hand or hidden it depends on who asks: for an old function, of which a compiler may have
// known more, nothing is taken for changed (`what-compilers-knew`); for a new body everything
// (`what-may-happen`).

import { ALL_CALL_CLOBBERED, type RegisterSet } from "../isa/x86-registers.ts";
import { type Effect, followPaths } from "./follow-paths.ts";
import type { CodePlace, Destination, FunctionCode } from "./function-code.ts";
import { PlaceMap } from "./place-map.ts";

export type EffectQuestion = "what-compilers-knew" | "what-may-happen";

const changesAll: Effect = { preserves: 0, returns: true };
const leavesAll: Effect = { preserves: ALL_CALL_CLOBBERED, returns: true };
/** What is assumed of code before it was looked at; each look can only take away. */
const unknownYet: Effect = { preserves: ALL_CALL_CLOBBERED, returns: false };

export class Effects {
  readonly #question: EffectQuestion;
  readonly #settled = new PlaceMap<Effect>();
  readonly #open = new PlaceMap<Effect>();

  constructor(question: EffectQuestion) {
    this.#question = question;
  }

  of(place: CodePlace): Effect {
    const known = this.#settled.get(place);
    if (known !== undefined) return known;
    this.#open.set(place, unknownYet);
    // Functions that call each other settle together, and looking at one can bring more of them.
    for (let isStable = false; !isStable; ) {
      const round = this.#open.entries();
      const changes = round.map(([each, before]) => this.#update(each, before));
      isStable = !changes.includes("changed") && this.#open.entries().length === round.length;
    }
    for (const [each, effect] of this.#open.entries()) this.#settled.set(each, effect);
    this.#open.clear();
    return this.of(place);
  }

  /** Of a call, or of a jump that leaves the function. */
  at(destination: Destination | undefined): Effect {
    return this.#at(destination, (place) => this.of(place));
  }

  #at(destination: Destination | undefined, effectOf: (place: CodePlace) => Effect): Effect {
    switch (destination?.kind) {
      case "function":
        return destination.isSeen ? effectOf(destination.place) : changesAll;
      case "label":
        return this.#question === "what-compilers-knew" ? leavesAll : changesAll;
      default:
        return changesAll;
    }
  }

  #whileOpen(place: CodePlace): Effect {
    const known = this.#settled.get(place) ?? this.#open.get(place);
    if (known !== undefined) return known;
    this.#open.set(place, unknownYet);
    return unknownYet;
  }

  #update(place: CodePlace, before: Effect): "changed" | "same" {
    const effect = this.#examine(place);
    if (before.preserves === effect.preserves && before.returns === effect.returns) return "same";
    this.#open.set(place, effect);
    return "changed";
  }

  #examine(place: CodePlace): Effect {
    const atPointer = this.#question === "what-compilers-knew" ? ALL_CALL_CLOBBERED : 0;
    return followPaths(place, {
      effectAt: (destination) => this.#at(destination, (callee) => this.#whileOpen(callee)),
      atPointer,
    });
  }
}

/** Of them, those that every function certainly leaves alone, whatever anybody knew. */
export function certainlyPreserved(codes: readonly FunctionCode[]): RegisterSet {
  const effects = new Effects("what-may-happen");
  return codes.reduce(
    (set, code) => set & effects.of({ code, offset: 0 }).preserves,
    ALL_CALL_CLOBBERED,
  );
}
