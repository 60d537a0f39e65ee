// The code of an object of the fix in two views: as the compiler saw it, with all functions of the
// object known, and as it will run, where calls of functions that are not carried, or are replaced, go
// through the hypervisor's entries to unknown code.

import type { ComparedObject } from "../../compare/compared-object.ts";
import { type Atom, namingSymbol } from "../../diff/atom.ts";
import type { CarriedObject } from "../../diff/carry/carry.ts";
import type { DraftSymbol } from "../../elf/draft.ts";
import type { ElfSymbol } from "../../elf/object.ts";
import { ALL_CALL_CLOBBERED, type RegisterSet } from "../../isa/x86-registers.ts";
import { Effects } from "../../reliance/effects.ts";
import type { Destination, FunctionCode } from "../../reliance/function-code.ts";
import type { NewCall } from "../../reliance/keep-calls.ts";
import type { NewBody } from "../../reliance/keep-entry.ts";
import { ObjectCode } from "../../reliance/object-code.ts";
import type { RunningCode } from "../../reliance/running-code.ts";
import { signaturesOf } from "../../running/signatures.ts";

/** One object of the fix, in both views. */
export interface CarriedFix extends Pick<CarriedObject, "replacements" | "functions"> {
  readonly object: Pick<ComparedObject, "pair" | "after" | "diff">;
}

export class CarriedCode {
  readonly #asCompiled: ObjectCode;
  readonly #asItRuns: ObjectCode;
  readonly #roles = new Map<ElfSymbol, "replacement" | "brought">();
  readonly #symbols = new Map<FunctionCode, DraftSymbol>();

  constructor(carried: CarriedFix, running: RunningCode) {
    const { after, diff } = carried.object;
    for (const [atom, as] of diff.carried) {
      const role = as === "replacement" ? "replacement" : "brought";
      for (const symbol of atom.symbols) this.#roles.set(symbol, role);
    }
    // The compiler did not see functions of other objects, but their arguments are known.
    const leadOut = (name: string): Destination => {
      const code = running.find(name);
      if (code === undefined) return { kind: "elsewhere" };
      return { kind: "function", place: { code, offset: 0 }, isSeen: false };
    };
    const signatures = signaturesOf(after);
    const signatureOf = ({ name }: ElfSymbol) => signatures(name);
    this.#asCompiled = new ObjectCode(after, { leadOut, isOwn: () => true, signatureOf });
    this.#asItRuns = new ObjectCode(after, {
      signatureOf,
      leadOut: () => ({ kind: "elsewhere" }),
      isOwn: (symbol) => this.#roles.get(symbol) === "brought",
    });
    for (const [atom, symbol] of carried.functions) {
      const code = find(this.#asCompiled, atom);
      if (code !== undefined) this.#symbols.set(code, symbol);
    }
  }

  bodyOf(atom: Atom): Omit<NewBody, "old"> | undefined {
    const [code, compiled] = [find(this.#asItRuns, atom), find(this.#asCompiled, atom)];
    if (code === undefined || compiled === undefined) return undefined;
    const callers = this.#asCompiled.findCallers(compiled);
    return { code, ownCalls: callers.filter(({ caller }) => this.#symbols.has(caller)) };
  }

  /** Calls from carried code to functions of the object. */
  calls(): readonly NewCall[] {
    const effects = new Effects("what-may-happen");
    const changedBy = ({ place, value }: ElfSymbol): RegisterSet => {
      if (place.kind !== "section") return ALL_CALL_CLOBBERED;
      const code = this.#asItRuns.findAt(place.index, Number(value));
      if (code === undefined) return ALL_CALL_CLOBBERED;
      return ALL_CALL_CLOBBERED & ~effects.of({ code, offset: 0 }).preserves;
    };
    return [...this.#symbols.keys()]
      .flatMap((caller) => this.#asCompiled.callsOf(caller))
      .flatMap((call): readonly NewCall[] => {
        const symbol = this.#asCompiled.symbolOf(call.callee);
        if (symbol === undefined) return [];
        // Functions that are not carried are reached through the hypervisor's entries.
        const isOwn = this.#roles.get(symbol) === "brought";
        return [{ call, mayChange: isOwn ? changedBy(symbol) : ALL_CALL_CLOBBERED }];
      });
  }

  symbolOf(code: FunctionCode): DraftSymbol | undefined {
    return this.#symbols.get(code);
  }
}

function find(code: ObjectCode, atom: Atom): FunctionCode | undefined {
  const symbol = namingSymbol(atom);
  if (symbol?.place.kind !== "section") return undefined;
  return code.findAt(symbol.place.index, Number(symbol.value));
}
