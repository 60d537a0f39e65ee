// All objects of a fix compared: once with what is known at once, and again where the whole fix, or all
// of the hypervisor, tells more.

import type { PreparedPairs } from "../pairs/prepared-pairs.ts";
import type { SymbolUsers } from "../pairs/symbol-users.ts";
import type { Timings } from "../xen-make/timings.ts";
import { type CompareOptions, compareObjects } from "./compare.ts";
import type { ComparedObject } from "./compared-object.ts";
import { lookAcross } from "./crossings.ts";
import { initExplainer } from "./init.ts";
import { CompareMemory } from "./memory.ts";

export interface CompareAllOptions {
  readonly known: CompareOptions;
  /** Payloads below may refer to any global symbol, and no object of the source shows that. */
  readonly liesOn: "hypervisor" | "payloads";
  readonly timings: Timings;
  /** Of earlier comparisons of the same pairs. */
  readonly memory?: CompareMemory;
}

/** @throws DiffError, ElfError, BuilderError; BuildError when the source does not compile */
export async function compareAll(
  prepared: PreparedPairs,
  { known, liesOn, timings, memory = new CompareMemory() }: CompareAllOptions,
): Promise<readonly ComparedObject[]> {
  const compare = (options: CompareOptions) =>
    timings.measure("compare", () => compareObjects(prepared, options, memory));
  const alone = compare(known);
  const across = timings.measure("compare", () => lookAcross(alone, prepared.changes));
  const together = across === undefined ? alone : compare({ ...known, across });
  // From here a variable that moves between two objects is one, and what is lost is lost.
  const symbolUsers =
    liesOn === "hypervisor" && asksForUsers(together)
      ? await usersOfSymbols(prepared, timings, memory)
      : undefined;
  const objects = symbolUsers === undefined ? together : compare({ ...known, across, symbolUsers });
  // What is carried explains init functions of other objects too.
  const explainInit = timings.measure("compare", () => initExplainer(objects, prepared.changes));
  if (explainInit === undefined) return objects;
  return compare({ ...known, across, symbolUsers, explainInit });
}

/** Only then: to find them, all objects of the source are compiled. */
function asksForUsers(objects: readonly ComparedObject[]): boolean {
  return objects.some(({ diff }) =>
    diff.refusals.some(({ disposition }) => disposition.rule === "read-only-shared"),
  );
}

async function usersOfSymbols(
  { findSymbolUsers }: PreparedPairs,
  timings: Timings,
  memory: CompareMemory,
): Promise<SymbolUsers> {
  memory.symbolUsers ??= await timings.measureAsync("symbol users", findSymbolUsers);
  return memory.symbolUsers;
}
