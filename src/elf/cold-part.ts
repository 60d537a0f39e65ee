// The name of what compilers split off a function because it hardly ever runs (GCC and clang alike).

/** `f` for `f.cold` and `f.cold.2`; undefined for what is not a cold part. */
export function findColdParent(name: string): string | undefined {
  // Most names are none, and this is asked of all functions of a hypervisor.
  return name.includes(".cold") ? /^(.+)\.cold(?:\.\d+)?$/.exec(name)?.[1] : undefined;
}
