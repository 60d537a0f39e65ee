// What compilers do to names: static variables of functions and clones of functions get a number that
// depends on everything before them in the file, and cold parts are split off under a name of their
// own (GCC and clang alike).

/** The same for what differs only by the compiler's numbers: `count.3` gives `count.#`. */
export function genericName(name: string): string {
  return name.replaceAll(/\.\d+(?=\.|$)/g, ".#");
}

export function isNumbered(name: string): boolean {
  return genericName(name) !== name;
}

/** `f` for `f.cold` and `f.cold.2`; undefined for what is not a cold part. */
export function findColdParent(name: string): string | undefined {
  return /^(.+)\.cold(?:\.\d+)?$/.exec(name)?.[1];
}
