// Where a static variable was declared, which alone tells two of one name apart for certain. The
// comparison reads no debug information itself: whoever asks for it brings what he knows.

import type { ElfObject, ElfSymbol } from "../../elf/object.ts";
import type { Atom, SplitObject } from "../atom.ts";
import type { IsSameLine } from "../line-rule.ts";

/** Where a static variable was declared. */
export interface VariableHome {
  readonly functionName: string;
  /** Grows from declaration to declaration, in the order of the function's blocks. */
  readonly order?: number | undefined;
  /** Of the source file that the function stands in. */
  readonly line?: number | undefined;
}

/**
 * For an object, in which function a static variable was declared, and where in it; undefined where nobody
 * knows, and then a variable that has a number of the compiler is ambiguous. findStaticHomes() of
 * xsplice/dwarf knows it of objects with debug information.
 */
export type FindHomes = (object: ElfObject) => (symbol: ElfSymbol) => VariableHome | undefined;

/** What the pairs are for. */
export type PairingPurpose =
  /** A payload is to use the hypervisor's variables: a wrong pair would mix their state. */
  | {
      readonly kind: "binding";
      readonly findHomes: FindHomes;
      /** How the patch moved lines; without it they are not asked. */
      readonly isSameLine?: IsSameLine | undefined;
    }
  /** A person reads the comparison: what is used alike is shown side by side. */
  | { readonly kind: "reading" };

export interface Homes {
  /** Undefined where nobody knows. */
  readonly of: (side: "before" | "after", variable: Atom) => VariableHome | undefined;
  /** Whether a variable whose home nobody knows may be paired, by whatever else speaks for it. */
  readonly guesses: "allowed" | "refused";
  readonly isSameLine: IsSameLine | undefined;
}

export function homesFor(
  splits: { readonly before: SplitObject; readonly after: SplitObject },
  purpose: PairingPurpose,
): Homes {
  if (purpose.kind === "reading") {
    return { of: () => undefined, guesses: "allowed", isSameLine: undefined };
  }
  const known = new Map<string, ReturnType<FindHomes>>();
  const of: Homes["of"] = (side, { symbols: [symbol] }) => {
    if (symbol === undefined) return undefined;
    const homes = known.get(side) ?? purpose.findHomes(splits[side].object);
    known.set(side, homes);
    return homes(symbol);
  };
  return { of, guesses: "refused", isSameLine: purpose.isSameLine };
}
