// Functions and variables that are new in one object under a global name which the hypervisor has
// already, from another object: the patch moves them. Whoever was not compiled anew would go on
// with the old one, and a variable would be there twice.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import type { Surroundings } from "../running/payload-below.ts";

export function refuseTakenNames(
  objects: readonly ComparedObject[],
  { byName }: Pick<Surroundings, "byName">,
): readonly BuildRefusal[] {
  return objects.flatMap(({ pair, diff }) => {
    const added = diff.added.filter((atom) => diff.carried.get(atom) === "new");
    return added.flatMap(({ kind, symbols }) =>
      symbols
        .filter(({ binding, name }) => binding !== "STB_LOCAL" && byName.has(name))
        .map(({ name }) => ({
          rule: "moved-between-files",
          what: `${kind === "function" ? "function" : "variable"} "${name}"`,
          where: pair.object,
          reasons: [
            `it is new in this object, and the hypervisor has one from another: ${
              kind === "function"
                ? "callers that the patch does not touch would go on to the old one"
                : "what it holds now would not be seen by the new code"
            }`,
          ],
          remedy: "change it in the file that it stands in now, and do not move it",
        })),
    );
  });
}
