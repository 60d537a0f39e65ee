// The planner's texts about pointers into a payload that the hypervisor keeps.

import { KEPT_WITHOUT_NAME } from "../payload/metadata-keys.ts";
import type { Obstacle } from "./obstacle.ts";
import type { Piece } from "./piece.ts";

/** The hypervisor may follow the pointer at any time, but Xen frees the memory. */
export function pointerKept({ name, facts }: Piece): Obstacle {
  return {
    code: "plan/pointer-kept",
    problem: `Cannot unload "${name}": the hypervisor keeps ${pointersTo(facts.kept ?? [])}, and would follow it into freed memory`,
    expected: "a payload with a hook that takes its pointers back when it is reverted",
    remedy: `leave it loaded, reverted: that is safe; --allow-dangling unloads it if you know that the pointer is gone`,
  };
}

/** @param names as in the metadata */
export function pointersTo(names: readonly string[]): string {
  const known = names.filter((name) => name !== KEPT_WITHOUT_NAME).map((name) => `"${name}"`);
  return `a pointer to ${known.length === 0 ? "what it brings" : known.join(", ")}`;
}
