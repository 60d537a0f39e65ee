// Kinds of sections and symbols under the names of the specification. A name explains itself in an
// error, a debugger and a test, and a misspelt one does not compile. A kind without a name here keeps
// its number: `SHT_0x6fff4700`.

import { SectionType, SymbolBinding, SymbolType, SymbolVisibility } from "./constants.ts";

/** sh_type */
export type SectionTypeName = keyof typeof SectionType | `SHT_0x${string}`;
/** The upper four bits of st_info. */
export type SymbolBindingName = keyof typeof SymbolBinding | `STB_0x${string}`;
/** The lower four bits of st_info. */
export type SymbolTypeName = keyof typeof SymbolType | `STT_0x${string}`;
/** The lower two bits of st_other; all four have a name. */
export type SymbolVisibilityName = keyof typeof SymbolVisibility;

const sectionTypes = byNumber(SectionType);
const symbolBindings = ofFourBits(SymbolBinding);
const symbolTypes = ofFourBits(SymbolType);
const symbolVisibilities = ofFourBits(SymbolVisibility);

export function nameOfSectionType(type: number): SectionTypeName {
  return sectionTypes.get(type) ?? `SHT_0x${type.toString(16)}`;
}

export function nameOfSymbolBinding(binding: number): SymbolBindingName {
  return symbolBindings[binding] ?? `STB_0x${binding.toString(16)}`;
}

export function nameOfSymbolType(type: number): SymbolTypeName {
  return symbolTypes[type] ?? `STT_0x${type.toString(16)}`;
}

/** Undefined for more than two bits. */
export function nameOfSymbolVisibility(visibility: number): SymbolVisibilityName | undefined {
  return symbolVisibilities[visibility];
}

export function numberOfSectionType(name: SectionTypeName): number {
  return numberOf(SectionType, name);
}

export function numberOfSymbolBinding(name: SymbolBindingName): number {
  return numberOf(SymbolBinding, name);
}

export function numberOfSymbolType(name: SymbolTypeName): number {
  return numberOf(SymbolType, name);
}

export function numberOfSymbolVisibility(name: SymbolVisibilityName): number {
  return SymbolVisibility[name];
}

function byNumber<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
): ReadonlyMap<number, Name> {
  const names = Object.keys(numbers) as Name[];
  return new Map(names.map((name) => [numbers[name], name]));
}

/** By number. Precomputed, because it is called for each of the many symbols of a xen-syms. */
function ofFourBits<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
): readonly (Name | undefined)[] {
  const names = byNumber(numbers);
  return Array.from({ length: 16 }, (_, number) => names.get(number));
}

/** Kinds that are not listed have their number in the name: `SHT_0x6fff4700`. */
function numberOf(numbers: Readonly<Record<string, number>>, name: string): number {
  return numbers[name] ?? Number(name.slice(name.indexOf("0x")));
}
