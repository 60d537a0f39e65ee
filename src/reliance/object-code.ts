// The code of a relocatable object, one that a compiler made or a payload, as reliance.ts wants it. What
// its references mean is for whoever asks: a compiler saw all that the object defines, while calls of
// a replaced function go through the hypervisor's entry, to code that nobody knows.

import { SectionFlag } from "../elf/constants.ts";
import type { ElfObject, ElfSymbol, Relocation, Section, SectionIndex } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf } from "../elf/sections.ts";
import { NEAR_DISTANCE_SIZE, nearBranchAt } from "../isa/x86-near-branch.ts";
import type { StepBranch } from "../isa/x86-register-steps.ts";
import {
  type Destination,
  destinationOfThunk,
  FunctionCode,
  type HiddenCode,
} from "./function-code.ts";
import { ObjectTables, type SectionPlace } from "./object-tables.ts";
import type { CallSite } from "./reliance.ts";
import type { Signature } from "./signature.ts";

export interface ObjectView {
  /** What an undefined symbol stands for. */
  readonly leadOut: (name: string) => Destination;
  /** Whether calls of a function that the object defines run the code that stands here. */
  readonly isOwn: (symbol: ElfSymbol) => boolean;
  /** What a function that the object defines takes and gives, if that is known. */
  readonly signatureOf?: (symbol: ElfSymbol) => Signature | undefined;
}

/** A call or jump by distance. */
export interface ObjectCall extends CallSite {
  /** Of the distance, into the caller. */
  readonly fieldOffset: number;
  readonly callee: FunctionCode;
}

interface PlacedCode {
  readonly section: Section;
  readonly start: number;
  /** Where the next function of the section begins, or the section ends. */
  readonly end: number;
}

interface PlacedSymbol extends PlacedCode {
  readonly symbol: ElfSymbol;
}

export class ObjectCode {
  readonly #object: ElfObject;
  readonly #view: ObjectView;
  readonly #codes = new Map<string, FunctionCode>();
  readonly #placed = new Map<FunctionCode, PlacedSymbol>();
  readonly #functions: ReadonlyMap<SectionIndex, readonly PlacedSymbol[]>;
  readonly #relocations = new Map<Section, ReadonlyMap<number, Relocation>>();
  #calls: readonly ObjectCall[] | undefined;
  #tables: ObjectTables | undefined;

  constructor(object: ElfObject, view: ObjectView) {
    this.#object = object;
    this.#view = view;
    this.#functions = placeFunctions(object);
  }

  /** The function that begins at a place; `undefined` where none does. */
  findAt(section: SectionIndex, offset: number): FunctionCode | undefined {
    const found = this.#functions.get(section)?.find(({ start }) => start === offset);
    return found && this.#codeOf(found);
  }

  /** Of a function of the object itself. */
  symbolOf(code: FunctionCode): ElfSymbol | undefined {
    return this.#placed.get(code)?.symbol;
  }

  /** Calls of and jumps to its entry, whether it is the object's own or one that leadOut() gave. */
  findCallers(callee: FunctionCode): readonly CallSite[] {
    return this.allCalls().filter((call) => call.callee === callee);
  }

  allCalls(): readonly ObjectCall[] {
    this.#calls ??= [...this.#functions.values()].flat().flatMap((one) => this.#callsIn(one));
    return this.#calls;
  }

  /** Calls of functions, and jumps to them, by one that findAt() gave. */
  callsOf(caller: FunctionCode): readonly ObjectCall[] {
    const placed = this.#placed.get(caller);
    return placed === undefined ? [] : this.#callsIn(placed);
  }

  /** By what relocations fill in; calls within a section that need none stay in the object. */
  #callsIn(placed: PlacedSymbol): readonly ObjectCall[] {
    const { section, start, end } = placed;
    const bytes = contentsOf(this.#object, section);
    return [...this.#relocationsOf(section).keys()].flatMap((field): ObjectCall[] => {
      const branch = start < field && field < end ? nearBranchAt(bytes, field) : undefined;
      if (branch === undefined) return [];
      const fieldOffset = field - start;
      const isCall = branch.kind === "call";
      const to = this.#leadTo(placed, { fieldOffset, target: 0, isCall });
      if (to.kind !== "function" || to.place.offset !== 0) return [];
      const caller = this.#codeOf(placed);
      const offset = branch.offset - start;
      const returnsTo = isCall ? fieldOffset + NEAR_DISTANCE_SIZE : undefined;
      return [{ caller, offset, returnsTo, fieldOffset, callee: to.place.code }];
    });
  }

  #codeOf(placed: PlacedSymbol): FunctionCode {
    const { section, start, end, symbol } = placed;
    const key = `${section.index}:${start}`;
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const code = new FunctionCode({
      name: symbol.name,
      bytes: contentsOf(this.#object, section).subarray(start, end),
      leadTo: (branch) => this.#leadTo(placed, branch),
      hidden: () => this.#hiddenIn(placed),
      signature: () => this.#view.signatureOf?.(symbol),
    });
    this.#codes.set(key, code);
    this.#placed.set(code, placed);
    return code;
  }

  #leadTo(from: PlacedCode, { fieldOffset, target, isCall }: StepBranch): Destination {
    const relocation = this.#relocationsOf(from.section).get(from.start + fieldOffset);
    if (relocation === undefined) {
      return this.#at(from, from.section.index, from.start + target, isCall);
    }
    const symbol = this.#object.symbols[relocation.symbol];
    if (symbol === undefined) return { kind: "label" };
    const offset = Number(symbol.value + relocation.addend) + NEAR_DISTANCE_SIZE;
    if (symbol.place.kind === "section") {
      return this.#at(from, symbol.place.index, offset, isCall);
    }
    if (offset !== 0) return { kind: "label" };
    return destinationOfThunk(symbol.name) ?? this.#view.leadOut(symbol.name);
  }

  #at(from: PlacedCode, section: SectionIndex, offset: number, isCall: boolean): Destination {
    const isInside = section === from.section.index && from.start <= offset && offset < from.end;
    if (isInside && !isCall) return { kind: "inside", offset: offset - from.start };
    const to = this.#functions
      .get(section)
      ?.find(({ start, end }) => start <= offset && offset < end);
    if (to === undefined) return this.#looseCode({ section, offset }, isCall ? "whole" : "part");
    if (!this.#view.isOwn(to.symbol)) return { kind: "elsewhere" };
    const place = { code: this.#codeOf(to), offset: offset - to.start };
    return { kind: "function", place, isSeen: true };
  }

  #relocationsOf(section: Section): ReadonlyMap<number, Relocation> {
    const known = this.#relocations.get(section);
    if (known !== undefined) return known;
    const all = relocationsOf(this.#object, section);
    const made = new Map(all.map((relocation) => [relocation.offset, relocation]));
    this.#relocations.set(section, made);
    return made;
  }

  #hiddenIn({ section, start, end }: PlacedSymbol): HiddenCode {
    this.#tables ??= new ObjectTables(this.#object);
    const faults = this.#tables.faultsIn(section.index, start, end);
    return {
      alternatives: this.#tables.alternativesIn(section.index, start, end),
      faults: new Map(
        faults.map(({ offset, to }) => {
          const isInside = to.section === section.index && start <= to.offset && to.offset < end;
          const inside = { kind: "inside", offset: to.offset - start } as const;
          return [offset - start, isInside ? inside : this.#looseCode(to, "part")];
        }),
      ),
    };
  }

  /** Code in no function: a keeper, a fix-up. */
  #looseCode({ section: index, offset }: SectionPlace, as: "whole" | "part"): Destination {
    const section = this.#object.sections[index];
    if (section === undefined || offset < 0 || offset >= section.size) return { kind: "label" };
    const key = `${index}:${offset}`;
    const code =
      this.#codes.get(key) ??
      new FunctionCode({
        name: `code in "${section.name}"`,
        bytes: contentsOf(this.#object, section).subarray(offset),
        leadTo: (branch) => this.#leadTo({ section, start: offset, end: section.size }, branch),
        isPart: as === "part",
      });
    this.#codes.set(key, code);
    return { kind: "function", place: { code, offset: 0 }, isSeen: true };
  }
}

function placeFunctions(object: ElfObject): ReadonlyMap<SectionIndex, readonly PlacedSymbol[]> {
  const bySection = new Map<SectionIndex, ElfSymbol[]>();
  for (const symbol of object.symbols) {
    if (symbol.type !== "STT_FUNC" || symbol.place.kind !== "section") continue;
    const { index } = symbol.place;
    bySection.set(index, [...(bySection.get(index) ?? []), symbol]);
  }
  return new Map(
    [...bySection].map(([index, symbols]) => [index, placeIn(object.sections[index], symbols)]),
  );
}

function placeIn(section: Section | undefined, symbols: ElfSymbol[]): readonly PlacedSymbol[] {
  if (section === undefined || (section.flags & SectionFlag.SHF_EXECINSTR) === 0n) return [];
  const sorted = symbols.toSorted((left, right) => (left.value < right.value ? -1 : 1));
  const starts = [...new Set(sorted.map(({ value }) => Number(value))), section.size];
  return sorted.map((symbol) => {
    const start = Number(symbol.value);
    return { symbol, section, start, end: starts.find((next) => next > start) ?? section.size };
  });
}
