// The planner's texts about what the hypervisor may still reach in a payload that is not applied any more:
// by a pointer that it keeps, or since a CPU has not come out of it.

import { KEPT_WITHOUT_NAME } from "../payload/metadata-keys.ts";
import type { PayloadFacts } from "./facts-form.ts";
import type { Obstacle } from "./obstacle.ts";
import type { Piece } from "./piece.ts";

/**
 * The hypervisor may reach it at any time, but Xen frees the memory.
 * @param purpose `to-reapply`: it has data of its own, so Xen applies it again only after another upload
 */
export function stillReached(
  { name, facts }: Piece,
  purpose: "to-remove" | "to-reapply" = "to-remove",
): Obstacle {
  const [isKept, isParked] = [facts.kept, facts.parks].map((names) => (names ?? []).length > 0);
  const expected = [
    ...(isKept ? ["a payload with a hook that takes its pointers back when it is reverted"] : []),
    ...(isParked ? ["a payload whose code every CPU leaves when it is reverted"] : []),
  ];
  const harmlessIf = [
    ...(isKept ? ["the pointer is gone"] : []),
    ...(isParked ? ["no CPU went offline while it was applied, or that all are online again"] : []),
  ];
  const unload = `--allow-dangling unloads it if you know that ${harmlessIf.join(", and that ")}`;
  const why = purpose === "to-remove" ? "" : `, and Xen applies it a second time only after that`;
  return {
    code: isKept ? "plan/pointer-kept" : "plan/cpu-stays",
    problem: `Cannot unload "${name}", which frees its memory${why}: ${whyHeld(facts)}`,
    expected: expected.join(", and "),
    remedy:
      purpose === "to-remove"
        ? `leave it loaded, reverted: that is safe; ${unload}`
        : `${unload}; else build the fix anew as in expected, and want that payload instead: this one may stay loaded, reverted`,
  };
}

/** `the hypervisor keeps a pointer to "f"` */
export function whyHeld({ kept = [], parks = [] }: PayloadFacts): string {
  return [
    ...(kept.length > 0 ? [`the hypervisor keeps a pointer to ${namesOf(kept)}`] : []),
    ...(parks.length > 0 ? [`a CPU may still be in ${namesOf(parks)}`] : []),
  ].join(", and ");
}

/** Nothing tells which domains have a ring, so nothing is refused. */
export function mayBeSleptIn(name: string, sleeps: readonly string[]): string {
  return (
    `a vCPU may sleep in ${namesOf(sleeps)} of "${name}" while the ring is full on which its domain reports to a monitor, ` +
    "pager or sharer of memory (vm_event): where a domain has one, close it before the unload, or leave the payload loaded"
  );
}

/** @param names as in the metadata */
function namesOf(names: readonly string[]): string {
  const known = names.filter((name) => name !== KEPT_WITHOUT_NAME).map((name) => `"${name}"`);
  return known.length === 0 ? "what it brings" : known.join(", ");
}
