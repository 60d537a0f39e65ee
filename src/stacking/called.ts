// Functions that the new code of a fix calls, and that somebody else may replace one day. The compiler saw
// them when it made that code.

import type { ComparedObject } from "../compare/compared-object.ts";
import { traceSymbol } from "../compare/trace.ts";
import { type Atom, namingSymbol } from "../diff/atom.ts";
import { findColdParent } from "../elf/cold-part.ts";
import type { PayloadBelow } from "../running/payload-below.ts";
import { nameOfTrace } from "./names.ts";

interface CalledContext {
  /** The lowest first. */
  readonly payloads: readonly PayloadBelow[];
  /** By names that only the patched source gives: what they are called on the host. */
  readonly names: ReadonlyMap<string, { readonly inXen: string }>;
}

/**
 * By the names that they have on the host: those that new code reaches in its own object by calls, directly
 * or through others. The compiler may know of each that it writes no memory, never returns, or returns only
 * some values; and each may know with which arguments it is called. So the fix is not for a host on which
 * somebody has replaced one of them. Registers are another matter: keepers save them (builder/registers/).
 */
export function calledByNewCode(
  objects: readonly ComparedObject[],
  context: CalledContext,
): readonly string[] {
  return objects
    .filter(({ diff }) => diff.outcome === "patchable")
    .flatMap((object) =>
      calledIn(object).flatMap((callee) => nameOnHost(object, callee, context) ?? []),
    );
}

/** Not what the fix carries itself. */
function calledIn({ diff: { carried } }: ComparedObject): readonly Atom[] {
  const found: Atom[] = [];
  const open = [...carried.keys()];
  const seen = new Set(open);
  for (let atom = open.pop(); atom !== undefined; atom = open.pop()) {
    for (const { target, use } of atom.references) {
      if (use !== "branch" || target.kind !== "atom" || seen.has(target.atom)) continue;
      seen.add(target.atom);
      open.push(target.atom);
      if (isWholeFunction(target.atom)) found.push(target.atom);
    }
  }
  return found;
}

/** Others replace functions at their entries; parts of them and boot code are replaced by nobody. */
function isWholeFunction({ kind, name, rule }: Atom): boolean {
  return kind === "function" && rule.role === "code" && findColdParent(name) === undefined;
}

function nameOnHost(
  { diff: { comparison }, steps }: ComparedObject,
  callee: Atom,
  { payloads, names }: CalledContext,
): string | undefined {
  const crossed = comparison.crossed.get(callee);
  if (crossed !== undefined) return names.get(crossed.name)?.inXen ?? crossed.name;
  const before = comparison.correlation.findBefore(callee);
  const symbol = before && namingSymbol(before);
  return symbol && nameOfTrace(traceSymbol(steps, comparison.before, symbol), payloads);
}
