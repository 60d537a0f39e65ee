// What compilers and macros do to names: static variables of functions, clones of functions and unique
// identifiers get a number that depends on everything before them in the file. Cold parts have
// elf/cold-part.ts.

import type { SectionPolicy } from "./policy.ts";

export class Names {
  readonly #counters: readonly RegExp[];
  readonly #known = new Map<string, string>();

  constructor({ counters = [] }: Pick<SectionPolicy, "counters">) {
    this.#counters = counters;
  }

  /** The same for what differs only by numbers: `count.3` gives `count.#`. */
  generic(name: string): string {
    let generic = this.#known.get(name);
    if (generic !== undefined) return generic;
    generic = name;
    if (/\d/.test(name)) {
      generic = withoutCompilerNumbers(name);
      for (const counter of this.#counters) generic = generic.replace(counter, "#");
    }
    this.#known.set(name, generic);
    return generic;
  }

  isNumbered(name: string): boolean {
    return this.generic(name) !== name;
  }
}

function withoutCompilerNumbers(name: string): string {
  return name.includes(".") ? name.replaceAll(/\.\d+(?=\.|$)/g, ".#") : name;
}

/** Whether the compiler numbered it. */
export function isNumbered(name: string): boolean {
  return withoutCompilerNumbers(name) !== name;
}
