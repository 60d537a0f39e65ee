// All objects of a fix compared: once with what is known at once, and again where the whole fix, or all
// of the hypervisor, tells more.

import type { PreparedPairs } from "../pairs/prepared-pairs.ts";
import type { SymbolUsers } from "../pairs/symbol-users.ts";
import type { Timings } from "../xen-make/timings.ts";
import { type CompareOptions, compareObjects } from "./compare.ts";
import type { ComparedObject } from "./compared-object.ts";
import { initExplainer } from "./init.ts";

export interface CompareAllOptions {
  readonly known: CompareOptions;
  /** Payloads below may refer to whatever is global, and no object of the source shows that. */
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
  const first = compare(known);
  const symbolUsers =
    liesOn === "hypervisor" ? await usersOfChanged(first, prepared, timings) : undefined;
  const objects = symbolUsers === undefined ? first : compare({ ...known, symbolUsers });
  // What is carried explains init functions of other objects too.
  const explainInit = timings.measure("compare", () => initExplainer(objects, prepared.changes));
  return explainInit === undefined ? objects : compare({ ...known, symbolUsers, explainInit });
}

/** Only where a payload hangs on it: asking takes all objects of the source. */
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
