// The order in which refusals are told: what only follows from another one stands behind it.

import type { BuildRefusal, RefusalName } from "./refusal.ts";

/**
 * Those of which others follow first, each with its own behind it. A cause that is not refused, or that
 * follows from something itself, is none.
 */
export function causesFirst(refusals: readonly BuildRefusal[]): readonly BuildRefusal[] {
  const possible = refusals.filter(({ causes = [] }) => causes.length === 0);
  const known = refusals.map((refusal) => ({
    ...refusal,
    causes: (refusal.causes ?? []).filter((cause) => possible.some((one) => isNamed(one, cause))),
  }));
  const blocks = known
    .filter(({ causes }) => causes.length === 0)
    .map((root, index, roots) => [
      root,
      ...known.filter(({ causes: [first] }) => {
        const place = first && roots.findIndex((one) => isNamed(one, first));
        return place === index;
      }),
    ]);
  const [leading, others] = [
    blocks.filter(({ length }) => length > 1),
    blocks.filter(({ length }) => length === 1),
  ];
  return [...leading, ...others].flat();
}

function isNamed({ rule, what }: RefusalName, name: RefusalName): boolean {
  return rule === name.rule && what === name.what;
}
