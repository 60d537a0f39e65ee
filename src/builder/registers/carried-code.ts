// The code of an object of the fix in three views: as the compiler saw it, with all functions of the
// object known; as it will run, where calls of functions that are not carried, or are replaced, go
// through the hypervisor's entries to unknown code; and as it runs until a payload on top replaces some of it.

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

/** One object of the fix, in all views. */
export interface CarriedFix extends Pick<CarriedObject, "replacements" | "functions"> {
  readonly object: Pick<ComparedObject, "pair" | "after" | "diff">;
}

export class CarriedCode {
  readonly #asCompiled: ObjectCode;
  readonly #asItRuns: ObjectCode;
  readonly #whileHeld: ObjectCode;
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
    const leadOutUnknown = (): Destination => ({ kind: "elsewhere" });
    this.#asItRuns = new ObjectCode(after, {
      signatureOf,
      leadOut: leadOutUnknown,
      isOwn: (symbol) => this.#roles.get(symbol) === "brought",
    });
    this.#whileHeld = new ObjectCode(after, {
      signatureOf,
      leadOut: leadOutUnknown,
      isOwn: (symbol) => this.#roles.has(symbol),
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
    const changedBy = ({ place, value }: ElfSymbol, view = this.#asItRuns): RegisterSet => {
      if (place.kind !== "section") return ALL_CALL_CLOBBERED;
      const code = view.findAt(place.index, Number(value));
      if (code === undefined) return ALL_CALL_CLOBBERED;
      return ALL_CALL_CLOBBERED & ~effects.of({ code, offset: 0 }).preserves;
    };
    return [...this.#symbols.keys()]
      .flatMap((caller) => this.#asCompiled.callsOf(caller))
      .flatMap((call): readonly NewCall[] => {
        const symbol = this.#asCompiled.symbolOf(call.callee);
        if (symbol === undefined) return [];
        // Functions that are not carried are reached through the hypervisor's entries.
        const role = this.#roles.get(symbol);
        if (role === "brought") return [{ call, mayChange: changedBy(symbol) }];
        const heldChanges = role === "replacement" ? changedBy(symbol, this.#whileHeld) : undefined;
        return [{ call, mayChange: ALL_CALL_CLOBBERED, heldChanges }];
      });
  }

  /** The function, if it stays the hypervisor's; else those that it calls, directly or through others, and that do. */
  leftIn(callee: FunctionCode): readonly FunctionCode[] {
    const found: FunctionCode[] = [];
    const seen = new Set([callee]);
    // A set that grows is walked to its end.
    for (const code of seen) {
      const symbol = this.#asCompiled.symbolOf(code);
      if (symbol === undefined) continue;
      if (!this.#roles.has(symbol)) found.push(code);
      else for (const call of this.#asCompiled.callsOf(code)) seen.add(call.callee);
    }
    return found;
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
