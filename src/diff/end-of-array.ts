// The end of an array is the address of what follows it, and in a section that several variables share
// it is unknown which of them is meant. As long as both are adjacent in the hypervisor as well, either
// reading gives the same address; a new variable between them makes the difference.

import { type Atom, type Reference, roleOf } from "./atom.ts";
import type { Comparison } from "./comparison.ts";

/**
 * The variable whose end the reference of `from` could mean, if that would be another place than the
 * start of its target.
 */
export function findEndedBy(
  from: Atom,
  { target, relocation, use }: Reference,
  { after, correlation }: Comparison,
): Atom | undefined {
  if (target.kind !== "atom" || target.offset !== 0 || target.atom.kind !== "data")
    return undefined;
  if (relocation?.symbol.type !== "STT_SECTION" || use === "memory") return undefined;
  const { atom } = target;
  const array = after.atoms[(after.positions.get(atom) ?? 0) - 1];
  if (array === undefined || array.kind !== "data" || !liesBefore(array, atom)) return undefined;
  // A new per-CPU variable is refused for itself.
  const isNew = !correlation.isPaired(array) || !correlation.isPaired(atom);
  if (isNew && roleOf(atom) === "per-cpu") return undefined;
  const isWalked = from.references.some((other) => {
    return other.target.kind === "atom" && other.target.atom === array;
  });
  if (!isWalked) return undefined;
  const [oldArray, oldAtom] = [correlation.findBefore(array), correlation.findBefore(atom)];
  const wereNeighbours =
    oldArray !== undefined && oldAtom !== undefined && liesBefore(oldArray, oldAtom);
  return wereNeighbours ? undefined : array;
}

function liesBefore(left: Atom, right: Atom): boolean {
  return left.section === right.section && left.start + left.size === right.start;
}
