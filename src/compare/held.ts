// Functions that a payload carries although the fix leaves them as they are, so that it is the one to replace
// them: its other code relies on their present bodies.

/** By the name of the object, then that of the function in it: why. */
export type HeldFunctions = ReadonlyMap<string, ReadonlyMap<string, string>>;

export function holdMore(held: HeldFunctions, more: HeldFunctions): HeldFunctions {
  const objects = new Set([...held.keys(), ...more.keys()]);
  return new Map(
    [...objects].map((object) => [
      object,
      new Map([...(held.get(object) ?? []), ...(more.get(object) ?? [])]),
    ]),
  );
}
