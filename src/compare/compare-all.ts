// All objects of a fix compared: once with what is known at once, and again where the whole fix, or all
// of the hypervisor, tells more.

import type { PreparedPairs } from "../pairs/prepared-pairs.ts";
import type { SymbolUsers } from "../pairs/symbol-users.ts";
import type { Timings } from "../xen-make/timings.ts";
import { type CompareOptions, compareObjects } from "./compare.ts";
import type { ComparedObject } from "./compared-object.ts";
import { lookAcross } from "./crossings.ts";
import { initExplainer } from "./init.ts";

export interface CompareAllOptions {
  readonly known: CompareOptions;
  /** Payloads below may refer to any global symbol, and no object of the source shows that. */
  readonly liesOn: "hypervisor" | "payloads";
  readonly timings: Timings;
}

/** @throws DiffError, ElfError, BuilderError; BuildError when the source does not compile */
export async function compareAll(
  prepared: PreparedPairs,
  { known, liesOn, timings }: CompareAllOptions,
): Promise<readonly ComparedObject[]> {
  const compare = (options: CompareOptions) =>
    timings.measure("compare", () => compareObjects(prepared, options));
  const alone = compare(known);
  const across = timings.measure("compare", () => lookAcross(alone, prepared.changes));
  const together = across === undefined ? alone : compare({ ...known, across });
  // From here a variable that moves between two objects is one, and what is lost is lost.
  const symbolUsers =
    liesOn === "hypervisor" ? await usersOfChanged(together, prepared, timings) : undefined;
  const objects = symbolUsers === undefined ? together : compare({ ...known, across, symbolUsers });
  // What is carried explains init functions of other objects too.
  const explainInit = timings.measure("compare", () => initExplainer(objects, prepared.changes));
  if (explainInit === undefined) return objects;
  return compare({ ...known, across, symbolUsers, explainInit });
}

/** Only where a payload depends on it: this compiles all objects of the source. */
async function usersOfChanged(
  objects: readonly ComparedObject[],
  { findSymbolUsers }: PreparedPairs,
  timings: Timings,
): Promise<SymbolUsers | undefined> {
  const isAsked = objects.some(({ diff }) =>
    diff.refusals.some(({ disposition }) => disposition.rule === "read-only-shared"),
  );
  return isAsked ? await timings.measureAsync("symbol users", findSymbolUsers) : undefined;
}
