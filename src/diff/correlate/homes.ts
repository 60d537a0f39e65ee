// Where a static variable was declared; only this distinguishes two of one name for certain. The
// comparison reads no debug information itself: the caller provides it.

import type { ElfObject, ElfSymbol } from "../../elf/object.ts";
import type { Atom, SplitObject } from "../atom.ts";
import type { IsSameLine } from "../line-rule.ts";

/** Where a static variable was declared. */
export interface VariableHome {
  readonly functionName: string;
  /** Increases from declaration to declaration, in the order of the function's blocks. */
  readonly order?: number | undefined;
  /** Line in the source file that contains the function. */
  readonly line?: number | undefined;
}

/**
 * For an object, the function in which a static variable was declared, and where in it; undefined if
 * unknown, and then a variable with a compiler's number is ambiguous. findStaticHomes() of
 * xsplice/dwarf provides it for objects with debug information.
 */
export type FindHomes = (object: ElfObject) => (symbol: ElfSymbol) => VariableHome | undefined;

/**
 * Whether the patch left alone the text of the function before in which a variable was declared, and all that
 * gives that text its meaning.
 */
export type IsTextKept = (home: VariableHome) => boolean;

/** The purpose of the pairs. */
export type PairingPurpose =
  /** A payload is to use the hypervisor's variables: a wrong pair would mix their state. */
  | {
      readonly kind: "binding";
      readonly findHomes: FindHomes;
      /** How the patch moved lines; without it the lines of declarations are not compared. */
      readonly isSameLine?: IsSameLine | undefined;
      readonly isTextKept?: IsTextKept | undefined;
    }
  /** For a person who reads the comparison: variables with the same uses are shown side by side. */
  | { readonly kind: "reading" };

export interface Homes {
  /** Undefined if unknown. */
  readonly of: (side: "before" | "after", variable: Atom) => VariableHome | undefined;
  /** Whether a variable whose home is unknown may be paired by other evidence. */
  readonly guesses: "allowed" | "refused";
  readonly isSameLine: IsSameLine | undefined;
  /** Of homes before. */
  readonly isTextKept: IsTextKept;
}

export function homesFor(
  splits: { readonly before: SplitObject; readonly after: SplitObject },
  purpose: PairingPurpose,
): Homes {
  if (purpose.kind === "reading") {
    const isTextKept = () => false;
    return { of: () => undefined, guesses: "allowed", isSameLine: undefined, isTextKept };
  }
  const known = new Map<string, ReturnType<FindHomes>>();
  const of: Homes["of"] = (side, { symbols: [symbol] }) => {
    if (symbol === undefined) return undefined;
    const homes = known.get(side) ?? purpose.findHomes(splits[side].object);
    known.set(side, homes);
    return homes(symbol);
  };
  const { isSameLine, isTextKept = () => false } = purpose;
  return { of, guesses: "refused", isSameLine, isTextKept };
}
