// What stands in the running hypervisor for a function or variable of the source that already has the
// fixes of the payloads below in it. Each of them was found by comparing two objects, and so it is found
// again here: level by level, from the topmost payload down to the hypervisor. Names alone do not do,
// since compilers number static variables and copies of functions again in every level.

import { type Atom, namingSymbol, type SplitObject } from "../diff/atom.ts";
import type { ObjectDiff } from "../diff/diff-objects.ts";
import type { ElfSymbol } from "../elf/object.ts";
import { xenNameOf } from "../running/run-pre.ts";

/** The changes by the patches of one payload below to an object. */
export interface LevelStep {
  /** The payload's number, counted from the lowest, from 0. */
  readonly level: number;
  /** From the object below that payload to the one with its patches. */
  readonly diff: ObjectDiff;
}

/** The code or data that runs, as compiled on the level where it last changed. */
export interface TracedBody {
  /** `undefined`: the hypervisor's own. */
  readonly level: number | undefined;
  readonly atom: Atom;
  readonly object: SplitObject;
}

export interface Trace {
  /** Where the entry, or the variable, is: in a payload that added it, or in the hypervisor. */
  readonly home:
    | { readonly kind: "hypervisor" }
    | { readonly kind: "payload"; readonly level: number }
    /** In the source below, but in no payload: nobody used it. */
    | { readonly kind: "nowhere" };
  /** Where it came into being: `common/kernel.c#count.5`, as it was called there. */
  readonly sourceName: string;
  /** Undefined only when it exists nowhere. */
  readonly body: TracedBody | undefined;
}

/** @param steps of one object, the lowest first; payloads that did not change it have none */
export function traceSymbol(
  steps: readonly LevelStep[],
  top: SplitObject,
  symbol: ElfSymbol,
): Trace {
  let [current, object] = [symbol, top];
  let body: TracedBody | undefined;
  for (const { level, diff } of [...steps].reverse()) {
    const { comparison, carried } = diff;
    object = comparison.after;
    const atom = object.bySymbol.get(current);
    const before = atom && comparison.correlation.findBefore(atom);
    const as = atom && carried.get(atom);
    if (atom !== undefined && as !== undefined) body ??= { level, atom, object };
    // A changed constant that the payload should have brought: never the hypervisor's old one.
    const isLeft = as === undefined && atom?.kind === "data" && isDifferent(diff, atom);
    if (as === "new" || as === "copy" || as === "with" || isLeft) {
      const home = { kind: "payload", level } as const;
      return { home, sourceName: xenNameOf(current, object.file), body };
    }
    const naming = before && namingSymbol(before);
    if (naming === undefined) {
      const sourceName = xenNameOf(current, object.file);
      return { home: { kind: "nowhere" }, sourceName, body: undefined };
    }
    [current, object] = [naming, comparison.before];
  }
  const atom = object.bySymbol.get(current);
  if (atom !== undefined) body ??= { level: undefined, atom, object };
  return { home: { kind: "hypervisor" }, sourceName: xenNameOf(current, object.file), body };
}

function isDifferent({ comparison }: ObjectDiff, atom: Atom): boolean {
  return comparison.verdicts.get(atom)?.kind === "different";
}
