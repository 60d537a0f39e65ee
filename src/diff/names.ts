// What compilers do to names: static variables of functions and clones of functions get a number that
// depends on everything before them in the file. Cold parts have elf/cold-part.ts.

/** The same for what differs only by the compiler's numbers: `count.3` gives `count.#`. */
export function genericName(name: string): string {
  return name.replaceAll(/\.\d+(?=\.|$)/g, ".#");
}

export function isNumbered(name: string): boolean {
  return genericName(name) !== name;
}
