// Which patch of several brought what: by the lines that each of them changed, and the functions that
// these lines belong to or were inlined into. What no line tells (a type, a macro, a table) is put down
// to every patch that changed a file which the object was compiled from.

import type { ComparedObject } from "../compare/compared-object.ts";
import { functionsTouchedBy } from "../compare/inlines.ts";
import type { PatchContribution } from "../pairs/contributions.ts";

/** For a function of the object before, by the name of its symbol. */
export function patchFinder(
  { before, pair }: Pick<ComparedObject, "before" | "pair">,
  contributions: readonly PatchContribution[],
): (name: string) => readonly string[] {
  const [only, ...others] = contributions;
  if (only !== undefined && others.length === 0) return () => [only.patch];
  const touched = contributions.map(({ patch, lines }) => {
    return { patch, functions: functionsTouchedBy(before, lines) };
  });
  const near = contributions.filter(({ lines }) =>
    pair.dependencies.some((file) => lines[file] !== undefined),
  );
  return (name) => {
    const bare = name.replace(/\.(constprop|isra|part|cold).*$/, "");
    const found = touched.filter(({ functions }) => functions.has(bare));
    return (found.length > 0 ? found : near).map(({ patch }) => patch);
  };
}
