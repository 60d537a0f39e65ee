// Whether code may still hold the address of read-only data when a payload brings a new copy. Then the
// old table would still be read, and the fix would be incomplete. Answers "no" only when every reader
// is known and merely reads.

import { findColdParent } from "../elf/cold-part.ts";
import { Machine } from "../elf/constants.ts";
import type { ElfObject } from "../elf/object.ts";
import {
  addressEscapes,
  type CallSurvivors,
  type FlowStart,
  RESULTS,
} from "../isa/x86-address-flow.ts";
import { findInstructions } from "../isa/x86-references.ts";
import { registerBits } from "../isa/x86-registers.ts";
import { Effects } from "../reliance/effects.ts";
import { RETURN_THUNK } from "../reliance/function-code.ts";
import { ObjectCode } from "../reliance/object-code.ts";
import { type Atom, isNameless, namingSymbol, type Reference } from "./atom.ts";
import type { Comparison } from "./comparison.ts";

export interface Escape {
  readonly rule: "read-only-escapes" | "read-only-shared";
  readonly why: string;
}

/** `atom` is of the object before. Undefined when no code can hold its address. */
export function explainEscape(atom: Atom, comparison: Comparison): Escape | undefined {
  for (const referrer of comparison.before.referrers.get(atom) ?? []) {
    if (referrer === atom) continue;
    const why = explainReferrer(referrer, atom, comparison);
    if (why !== undefined) return { rule: "read-only-escapes", why };
  }
  const { isUsedElsewhere } = comparison.options;
  const isShared = atom.symbols.some(
    ({ binding, name }) => binding !== "STB_LOCAL" && (isUsedElsewhere?.(name) ?? true),
  );
  const why = `"${atom.name}" can be read from other files`;
  return isShared ? { rule: "read-only-shared", why } : undefined;
}

function explainReferrer(referrer: Atom, atom: Atom, comparison: Comparison): string | undefined {
  if (referrer.kind === "entry") return undefined; // travels with the function that it belongs to
  if (referrer.kind === "function") {
    const leak = referrer.references.find(
      (reference) => pointsTo(reference, atom) && handsOut(referrer, reference, comparison),
    );
    return leak && `"${referrer.name}" passes on its address at +0x${leak.offset.toString(16)}`;
  }
  // Other data, constant or not: whoever read the address there may have kept it.
  const holder = isNameless(referrer) ? "constant data" : `"${referrer.name}"`;
  return `${holder} holds its address`;
}

function pointsTo({ target }: Reference, atom: Atom): boolean {
  return target.kind === "atom" && target.atom === atom;
}

function handsOut(code: Atom, reference: Reference, comparison: Comparison): boolean {
  if (reference.use === "memory") return false;
  if (comparison.sides.machine !== Machine.EM_X86_64 || code.bytes === undefined) return true;
  const instruction = findInstructions(code.bytes)?.find(
    ({ offset, length }) => reference.offset >= offset && reference.offset < offset + length,
  );
  if (instruction === undefined || !instruction.takesAddress) return true;
  return lets(code, { offset: instruction.offset }, { comparison, known: new Map() });
}

interface Search {
  readonly comparison: Comparison;
  /** By function and registers. What is still being looked at lets nothing out by itself. */
  readonly known: Map<string, boolean>;
}

/** Whether the function, or one of this object that it hands the address to, may keep or return it. */
function lets(code: Atom, start: FlowStart, search: Search): boolean {
  const { options, before } = search.comparison;
  if (code.bytes === undefined) return true;
  const targets = new Map(code.references.map(({ offset, target }) => [offset, target]));
  return addressEscapes(code.bytes, start, new Set(targets.keys()), {
    survivors: survivorsIn(code, before.object),
    results: RESULTS[options.resultOf?.(code.name) ?? "unknown"],
    endOf: (field) => endOf(code, field),
    isKept: ({ field, target: place }, passed) => {
      // The assembler has filled in the distance to its own entry.
      const own = place === 0 ? ({ kind: "atom", atom: code, offset: 0 } as const) : undefined;
      const target = targets.get(field) ?? own;
      if (target?.kind !== "atom" || target.offset !== 0 || !isFixedCode(target.atom)) return true;
      const key = `${before.positions.get(target.atom)}:${passed}`;
      const found = search.known.get(key);
      if (found !== undefined) return found;
      search.known.set(key, false);
      const answer = lets(target.atom, { offset: 0, holders: passed }, search);
      search.known.set(key, answer);
      return answer;
    },
  });
}

/** What the linker cannot put another body in the place of. */
function isFixedCode({ kind, symbols }: Atom): boolean {
  return kind === "function" && symbols.every(({ binding }) => binding !== "STB_WEAK");
}

/** A jump to the entry of another function is a call at the end; one to a cold part is none. */
function endOf({ references }: Atom, field: number): "return" | "call" | undefined {
  const target = references.find(({ offset }) => offset === field)?.target;
  if (target?.kind === "external") {
    return target.symbol.name === RETURN_THUNK ? "return" : "call";
  }
  const isEntry = target?.kind === "atom" && target.atom.kind === "function" && target.offset === 0;
  return isEntry && findColdParent(target.atom.name) === undefined ? "call" : undefined;
}

/** Of calls in a function of the object: the compiler saw the code of those that lie in it as well. */
function survivorsIn(code: Atom, object: ElfObject): CallSurvivors {
  const symbol = namingSymbol(code);
  if (symbol?.place.kind !== "section") return () => 0;
  const leadOut = () => ({ kind: "elsewhere" }) as const;
  const seen = new ObjectCode(object, { leadOut, isOwn: () => true });
  const caller = seen.findAt(symbol.place.index, Number(symbol.value));
  const effects = new Effects("what-compilers-knew");
  const calls = caller === undefined ? [] : seen.callsOf(caller);
  return (field) => {
    const callee = calls.find(({ fieldOffset }) => fieldOffset === field)?.callee;
    return callee === undefined
      ? 0
      : registerBits(effects.of({ code: callee, offset: 0 }).preserves);
  };
}
