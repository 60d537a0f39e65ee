// What one object of the fix contributes to the payload: its draft, the functions that get a new body, and
// the hooks that its source has.

import type { ComparedObject } from "../compare/compared-object.ts";
import { type Landing, takeHooks } from "../compile/take-hooks.ts";
import { type CarriedObject, carryChanges } from "../diff/carry/carry.ts";
import type { NameInXen } from "../diff/carry/name-in-xen.ts";
import type { DraftSymbol } from "../elf/draft.ts";
import type { Hook } from "../payload/emit/input.ts";
import { hasMarks } from "../running/landing-marks.ts";
import type { PayloadBelow, Surroundings } from "../running/payload-below.ts";
import { nameOfSymbol } from "../stacking/names.ts";
import { inOrderOfSource } from "./hooks/source-order.ts";
import { type InitUse, initUsesOf } from "./init/references.ts";

export interface CarriedFix extends CarriedObject {
  readonly object: ComparedObject;
  /** By macros in the patched source. */
  readonly hooks: readonly Hook[];
  readonly usesOf: (name: string) => readonly InitUse[];
}

/** Symbols of the hypervisor and of payloads below, by the names that they have there. */
export function carryObject(
  object: ComparedObject,
  surroundings: Surroundings,
  payloads: readonly PayloadBelow[],
): CarriedFix {
  const { byName } = surroundings;
  const { diff, steps } = object;
  const top = diff.comparison.before;
  const nameInXen: NameInXen = (symbol) => nameOfSymbol({ steps, top }, symbol, payloads);
  const carried = carryChanges(diff, nameInXen);
  // Static names are distinguished by a file prefix, in the symbol map as in Xen's table.
  carried.draft.symbols.unshift(fileSymbol(diff.comparison.after.file));
  const replacements = carried.replacements.map((replacement) => ({
    ...replacement,
    // A payload below may have replaced it by a body of another size; the jump is written at the first
    // body.
    oldSizeBytes: byName.get(replacement.oldName)?.sizeBytes ?? replacement.oldSizeBytes,
  }));
  const usesOf = (name: string) => initUsesOf(object, nameInXen, name);
  const hooks = takeHooks(
    carried.draft,
    object.pair.hookFile ?? object.pair.object,
    () => landingIn(surroundings),
    (pointers) => inOrderOfSource(pointers, object.pair),
  );
  return { ...carried, replacements, object, hooks, usesOf };
}

/** Xen's own recipe marks only what is said to be called by pointer, and nothing where Xen has no marks. */
function landingIn(surroundings: Surroundings): Landing {
  return hasMarks(surroundings) ? "marked" : "any";
}

function fileSymbol(name: string): DraftSymbol {
  return {
    name,
    value: 0n,
    size: 0n,
    binding: "STB_LOCAL",
    type: "STT_FILE",
    visibility: "STV_DEFAULT",
    place: "absolute",
  };
}
