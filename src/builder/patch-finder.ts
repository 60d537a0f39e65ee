// Finds which of several patches caused a change: by the functions whose text or macros each patch
// changed, and the functions that these were inlined into. A change without a function (a type, a
// table) is attributed to every patch that changed a file which the object was compiled from.

import type { ComparedObject } from "../compare/compared-object.ts";
import { changedFunctionsOf, functionsTouchedBy } from "../compare/inlines.ts";
import type { PatchContribution } from "../pairs/contributions.ts";

/** For a function of the object before, by the name of its symbol. */
export function patchFinder(
  { before, pair }: Pick<ComparedObject, "before" | "pair">,
  contributions: readonly PatchContribution[],
): (name: string) => readonly string[] {
  const [only, ...others] = contributions;
  if (only !== undefined && others.length === 0) return () => [only.patch];
  const touched = contributions.map(({ patch, texts }) => {
    return { patch, isTouched: functionsTouchedBy(before, changedFunctionsOf(texts)) };
  });
  const near = contributions.filter(({ texts }) =>
    pair.dependencies.some((file) => texts.has(file)),
  );
  return (name) => {
    const found = touched.filter(({ isTouched }) => isTouched(name));
    return (found.length > 0 ? found : near).map(({ patch }) => patch);
  };
}
