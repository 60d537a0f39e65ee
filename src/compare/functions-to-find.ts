// Which functions of the running hypervisor a fix depends on.

import { type Atom, namingSymbol } from "../diff/atom.ts";
import type { ComparedObject } from "./compared-object.ts";

/** Each replaced function, and each that it or its new body reaches by a local symbol. */
export function functionsToFind({
  replaced,
  carried,
  comparison,
}: ComparedObject["diff"]): readonly Atom[] {
  const found = new Set<Atom>();
  const addLocal = (atom: Atom | undefined): void => {
    const isLocal = atom !== undefined && namingSymbol(atom)?.binding === "STB_LOCAL";
    if (isLocal && atom.kind === "function" && atom.rule.role === "code") found.add(atom);
  };
  for (const { before } of replaced) {
    found.add(before);
    for (const { target } of before.references) if (target.kind === "atom") addLocal(target.atom);
  }
  for (const atom of carried.keys()) {
    for (const { target } of atom.references) {
      if (target.kind !== "atom" || carried.has(target.atom)) continue;
      addLocal(comparison.correlation.findBefore(target.atom));
    }
  }
  return [...found];
}
