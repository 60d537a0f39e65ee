// Global names of the patched source that the hypervisor already uses for something else: the patch
// moves a function or variable from another object, or gives its name to another one. Code that was not
// recompiled would go on using the old one, and a variable would exist twice.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import type { Atom } from "../diff/atom.ts";
import type { Surroundings } from "../running/payload-below.ts";
import type { NamesOfFix } from "./names-of-fix.ts";

export function refuseTakenNames(
  objects: readonly ComparedObject[],
  names: NamesOfFix,
  { byName }: Pick<Surroundings, "byName">,
): readonly BuildRefusal[] {
  const moved = objects.flatMap(({ pair, diff }) => {
    // Init code that becomes run-time code was in this object before.
    const added = diff.added.filter(
      (atom) => diff.carried.get(atom) === "new" && !diff.comparison.correlation.isPaired(atom),
    );
    return added.flatMap((atom) =>
      atom.symbols
        .filter(({ binding, name }) => binding !== "STB_LOCAL" && byName.has(name))
        .map(({ name }) => refuse(atom, name, pair.object, "it is new in this object")),
    );
  });
  const renamed = [...names]
    .filter(([name]) => byName.has(name))
    .map(([name, { atom, object, inXen }]) =>
      refuse(atom, name, object.pair.object, `the hypervisor has it as "${inXen}"`),
    );
  return [...moved, ...renamed];
}

function refuse({ kind }: Atom, name: string, object: string, state: string): BuildRefusal {
  const effect =
    kind === "function"
      ? "callers that the patch does not touch would still call the old one"
      : "the new code would not see its current value";
  return {
    rule: "moved-between-files",
    what: `${kind === "function" ? "function" : "variable"} "${name}"`,
    where: object,
    reasons: [`${state}, and the hypervisor has one from another: ${effect}`],
    remedy: "change it in the file that defines it now, and do not move it",
  };
}
